"""Load a package and ask it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, cast

import numpy as np
import pyarrow as pa

from infra.errors import LeptonError, RecipeError
from tasks.features.columns import column, texts
from tasks.features.files import FEATURES, Features, load_features
from tasks.features.text import TextFeatures
from tasks.runtime.answers import AnswerIndex, load_answers
from tasks.runtime.arrays import Arrays, Floats, run_in_batches
from tasks.runtime.heads import HeadOutputs, decode_heads, head_outputs
from tasks.runtime.onnx import OnnxModel
from tasks.runtime.package import (
    PackageManifest,
    broken_package,
    model_path,
    read_manifest,
)
from tasks.runtime.saved_model import SavedModel
from tasks.runtime.tflite import TfliteModel


class Model(Protocol):
    """A model of any format."""

    def outputs(self, arrays: Arrays) -> Floats:
        """The output of one batch, of a model that has one."""

    def named_outputs(self, arrays: Arrays) -> dict[str, Floats]:
        """All outputs of one batch."""


@dataclass(frozen=True)
class Predictor:
    """A loaded package: rows in, predictions out."""

    manifest: PackageManifest
    features: Features
    model: Model
    answers: AnswerIndex | None = None

    def outputs(self, arrays: Arrays) -> Floats:
        """What the model gives for arrays, one row each: probabilities, unit embeddings or ratings."""
        return run_in_batches(self.model.outputs, arrays)

    def row_outputs(self, rows: pa.Table) -> Floats:
        """What the model gives for each row of a table that has one or more."""
        return self.outputs(self.features.encode(rows))

    def head_outputs(self, rows: pa.Table) -> HeadOutputs:
        """What each head of a model of text_heads gives for each row."""
        features = cast("TextFeatures", self.features)  # as loading checks
        lines = texts(column(rows, features.column))
        return head_outputs(self.model.named_outputs, self.manifest.heads, features, lines)

    def predict(self, rows: pa.Table) -> pa.Table:
        """One prediction a row: label and score, answer and score, rating, a score to rank by, or what all heads tell.

        Raises:
            DataError: a column that the model needs is missing, or holds what it can't take.
        """
        if self.manifest.heads:
            return decode_heads(self.manifest.heads, self.head_outputs(rows))
        if rows.num_rows == 0:
            return self.decode(np.zeros((0, self._width()), np.float32))
        return self.decode(self.row_outputs(rows))

    def decode(self, outputs: Floats) -> pa.Table:
        """Outputs of a model that has one as predictions."""
        if self.manifest.task == "rating_prediction":
            return pa.table({"rating": outputs.reshape(-1).astype(np.float64)})
        if self.manifest.task == "item_ranking":
            return pa.table({"score": outputs.reshape(-1).astype(np.float64)})
        if self.answers is not None:
            answers, scores = self.answers.best(outputs)
            return pa.table({"answer": pa.array(answers, pa.string()), "score": scores})
        places = outputs.argmax(axis=1)
        labels = [self.manifest.labels[place] for place in places]
        scores = outputs[np.arange(len(outputs)), places].astype(np.float64)
        return pa.table({"label": pa.array(labels, pa.string()), "score": scores})

    def _width(self) -> int:
        """Columns of the output."""
        return self.answers.embeddings.shape[1] if self.answers else max(1, len(self.manifest.labels))


def load(package: Path, threads: int = 1) -> Predictor:
    """The package at `package`, ready to predict on so many threads.

    Raises:
        NotFoundError: there is no package.
        SourceError: a part of it is missing or broken.
    """
    predictor = _without_answers(package, threads)
    if predictor.manifest.task != "text_retrieval":
        return predictor
    return Predictor(predictor.manifest, predictor.features, predictor.model, load_answers(package))


def index_answers(package: Path, answers: Sequence[str], threads: int = 1) -> None:
    """Embed the distinct `answers` by the package's own model, and store them in it."""
    distinct = tuple(dict.fromkeys(answers))
    predictor = _without_answers(package, threads)
    embeddings = predictor.row_outputs(pa.table({"text": pa.array(distinct, pa.string())}))
    AnswerIndex(distinct, embeddings).save(package)


def _without_answers(package: Path, threads: int) -> Predictor:
    manifest = read_manifest(package)
    try:
        features = load_features(package)
    except (OSError, ValueError) as error:
        raise broken_package(package, FEATURES, error) from None
    if manifest.heads and not isinstance(features, TextFeatures):
        raise broken_package(package, FEATURES, ValueError("heads need features of texts"))
    return Predictor(manifest, features, _load_model(package, manifest, threads))


_MODELS: dict[str, Callable[[Path, int], Model]] = {
    "saved_model": SavedModel,
    "tflite": TfliteModel,
    "onnx": OnnxModel,
}


def _load_model(package: Path, manifest: PackageManifest, threads: int) -> Model:
    path = model_path(package, manifest)
    if manifest.format not in _MODELS:
        raise RecipeError(
            f"model package {package}",
            found=f"the format {manifest.format}",
            allowed=", ".join(_MODELS),
            action="Take the model that it was exported from.",
        )
    try:
        return _MODELS[manifest.format](path, threads)
    except LeptonError:
        raise
    except Exception as error:  # the runtimes raise what they like for a broken file
        raise broken_package(package, path.name, error) from None
