"""Wrong answers on the test split of BANKING77: the recipe `support-banking77` beside a linear SVM on the same rows.

The peer is scikit-learn's LinearSVC on TF-IDF of words and of characters within words. Both learn from the train rows
of the same clean data set version, and both are asked about all its test rows, once.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from flows.bench.report import Row, time_row
from flows.recipe import Recipe, load_recipe
from infra.errors import RecipeError
from infra.progress import Progress, report
from tasks.data.references import DatasetRef
from tasks.data.version import read_rows
from tasks.features.columns import texts

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

RECIPE = "support-banking77"
PEER = "TF-IDF of words and characters, LinearSVC"
_BARS = (0.67, 0.60)
_COLUMNS = ["text", "label"]


def run(data: str) -> list[Row]:
    """Both errors on the file `data` with columns split, text and intent; it takes as long as the recipe's training.

    Raises:
        RecipeError: no file is given.
    """
    if not data:
        raise RecipeError(
            "--data",
            found="nothing",
            allowed="the path of BANKING77 as csv with the columns split, text and intent",
            action="Give it with --data, or in the variable LEPTON_BENCH_DATA.",
        )
    from tasks.model.weights import weights

    recipe = load_recipe(RECIPE)
    ingest = recipe.ingest.model_copy(update={"path": data})
    return compare_errors(recipe.model_copy(update={"ingest": ingest}), weights())


def compare_errors(recipe: Recipe, weights: Path) -> list[Row]:
    """Train as the recipe says on the encoder in `weights`, and the peer; one row with the share of wrong answers.

    Its `same_output` says that no row of the test split was lost on the way, so that both were asked about all of it.
    """
    with tempfile.TemporaryDirectory(prefix="lepton-bench-") as name:
        folder = Path(name)
        raw, dataset = prepared(recipe, folder)
        rows, asked = (read_rows(dataset, split, _COLUMNS) for split in ("train", "test"))
        is_whole = not raw.quarantined and asked.num_rows == read_rows(raw, "test", ["row_id"]).num_rows
        truth = texts(asked.column("label"))
        theirs = error(truth, linear_svm().fit(*_parts(rows)).predict(texts(asked.column("text"))))
        began = time.perf_counter()
        package = trained(recipe, dataset, weights, folder)
        minutes = (time.perf_counter() - began) / 60
        ours = error(truth, _answers(package, asked))
    case = f"{rows.num_rows:,} train rows, wrong of {asked.num_rows:,} test rows, {minutes:.1f} minutes of training"
    least = 1 / asked.num_rows  # a peer without fault counts as with one
    return [time_row(case, PEER, [ours], [max(theirs, least)], _BARS, is_whole)]


def error(truth: Sequence[str], answers: Sequence[str]) -> float:
    """Share of answers that are not the truth."""
    return sum(one != other for one, other in zip(truth, answers, strict=True)) / len(truth)


def linear_svm() -> Pipeline:
    """The peer, with scikit-learn's defaults but for the n-grams and a damped term frequency."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import make_pipeline, make_union
    from sklearn.svm import LinearSVC

    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
    characters = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True)
    return make_pipeline(make_union(words, characters), LinearSVC(random_state=0))


def prepared(recipe: Recipe, folder: Path) -> tuple[DatasetRef, DatasetRef]:
    """The raw and the clean version, on Polars: all engines make the same."""
    from tasks.clean.clean import clean
    from tasks.clean.engines.polars import PolarsEngine
    from tasks.ingest.ingest import ingest
    from tasks.ingest.sources.sources import resolve

    raw = ingest(recipe.ingest, resolve(recipe.ingest), folder / "raw")
    return raw, clean(recipe.clean, raw, folder / "clean", PolarsEngine())


def trained(recipe: Recipe, dataset: DatasetRef, weights: Path | None, folder: Path) -> Path:
    """The package that the recipe's training makes; a text model begins with the encoder in `weights`."""
    from tasks.train.launcher import train

    def on_event(event: dict[str, Any]) -> None:
        if "progress" in event:
            report(Progress("train", **event["progress"]))

    train(
        recipe.train,
        dataset_path=dataset.path,
        dataset_digest=dataset.digest,
        weights=weights,
        work=folder / "work",
        package=folder / "package",
        log_folder=folder / "logs",
        on_event=on_event,
    )
    return folder / "package"


def _answers(package: Path, rows: pa.Table) -> list[str]:
    from tasks.runtime.predictor import load

    return texts(load(package).predict(rows.select(["text"])).column("label"))


def _parts(rows: pa.Table) -> tuple[list[str], list[str]]:
    return texts(rows.column("text")), texts(rows.column("label"))
