"""The model in floating point that a compressed one was made from: what gradients are taken of."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from infra.errors import RecipeError
from tasks.evaluate.explain.columns import ColumnRow
from tasks.evaluate.explain.game import Attribution
from tasks.evaluate.explain.gradients import Differentiable, Vectors, integrated_gradients, summed
from tasks.evaluate.explain.outcome import Outcome
from tasks.evaluate.explain.words import TextRow
from tasks.features.files import Features, load_features
from tasks.features.tabular import TabularFeatures
from tasks.features.text import TextFeatures
from tasks.runtime.answers import AnswerIndex, load_answers
from tasks.runtime.arrays import Arrays
from tasks.runtime.package import PackageManifest, model_path, read_manifest

_PADDING = 0  # the token that stands for a word that is away, as it does behind the end of a text
Read = Callable[[Mapping[str, Any]], Any]
Owners = list[NDArray[np.int64]]


@dataclass(frozen=True)
class FloatModel:
    """A package whose gradients can be taken.

    Attributes:
        baseline: vectors of a row that says nothing, of columns the mean of train rows; of texts each has its own.
        owners: of columns, the part that each number of the vectors belongs to.
    """

    manifest: PackageManifest
    features: Features
    answers: AnswerIndex | None
    network: Differentiable
    baseline: Vectors
    owners: Owners

    def attribution(self, row: ColumnRow | TextRow) -> tuple[Attribution, float]:
        """What each part of a row adds to the output of this model, and that output.

        The class or answer is the one that the explained model told, which this model may think less of.
        """
        arrays, vectors, baseline, owners = self._columns(row) if isinstance(row, ColumnRow) else self._text(row)
        base, output, added = integrated_gradients(self.network, arrays, vectors, baseline, self._read(row.outcome))
        return summed(added, owners, len(row.game.parts), base), output

    def _columns(self, row: ColumnRow) -> tuple[Arrays, Vectors, Vectors, Owners]:
        arrays = self.features.encode(row.table)
        return arrays, self.network.look_up(arrays), self.baseline, self.owners

    def _text(self, row: TextRow) -> tuple[Arrays, Vectors, Vectors, Owners]:
        if not isinstance(self.features, TextFeatures):
            raise TypeError("a text was given to a model of columns")
        ids, owners = tokens_of(self.features, row.game.parts)
        arrays = {"input_ids": ids, "attention_mask": np.ones_like(ids)}
        blank = {**arrays, "input_ids": np.where(owners < 0, ids, _PADDING).astype(np.int32)}
        vectors, baseline = self.network.look_up(arrays), self.network.look_up(blank)
        return arrays, vectors, baseline, [owners[..., None]] * len(vectors)

    def _read(self, outcome: Outcome) -> Read:
        import tensorflow as tf

        from tasks.model.network import OUTPUT

        if self.answers is not None:
            similar = self.answers.embeddings[self.answers.answers.index(outcome.answer)]
            return lambda outputs: tf.linalg.matvec(outputs[OUTPUT], similar)
        heads = {head.column: head.output for head in self.manifest.heads}
        name = heads[outcome.head] if outcome.head else OUTPUT
        return lambda outputs: tf.reshape(outputs[name], (len(outputs[name]), -1))[:, outcome.place]


def load_float_model(package: Path, background: pa.Table) -> FloatModel:
    """The model of a trained package, with train rows to compare with.

    Raises:
        RecipeError: it is no SavedModel.
    """
    manifest, features = read_manifest(package), load_features(package)
    if manifest.format != "saved_model":
        raise RecipeError(
            "gradients",
            found=f"a model in the format {manifest.format}",
            allowed="a model in floating point, or one whose parent is there",
            action="Take --method shap or lime.",
        )
    network = Differentiable(model_path(package, manifest))
    answers = load_answers(package) if manifest.task == "text_retrieval" else None
    if isinstance(features, TextFeatures):
        return FloatModel(manifest, features, answers, network, [], [])
    vectors = network.look_up(features.encode(background))
    baseline = [vector.mean(axis=0, keepdims=True) for vector in vectors]
    return FloatModel(manifest, features, answers, network, baseline, _owners(features, network))


def tokens_of(features: TextFeatures, parts: Sequence[str]) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Token ids of a text that is made of parts (1, t), and the part that each belongs to, -1 for begin and end."""
    encoding = features.tokenizer.encode(" ".join(parts))
    ends = np.cumsum([len(part) + 1 for part in parts])  # with the space after each
    owners = [int(np.searchsorted(ends, begin, side="right")) if end > begin else -1 for begin, end in encoding.offsets]
    return np.array([encoding.ids], np.int32), np.array([owners], np.int64)


def _owners(features: Features, network: Differentiable) -> Owners:
    """Which part each number of the vectors belongs to: of the model's own numbers by their order.

    Which column a look-up is of shows in what it looks up of a row of numbers that count the columns.
    """
    numeric = len(features.numeric) if isinstance(features, TabularFeatures) else 0
    names = list(features.columns)
    places = np.arange(numeric, len(names))
    counted: Arrays
    if isinstance(features, TabularFeatures):
        categories = (places - numeric)[None].astype(np.int32)
        counted = {"numeric": np.zeros((1, numeric), np.float32), "categories": categories}
    else:
        counted = {name: np.array([place], np.int32) for name, place in zip(names, places, strict=True)}
    numbers = [np.arange(numeric)[None]] if network.has_numbers else []
    return [*numbers, *(numeric + place.reshape(-1, 1) for place in network.integers(counted))]
