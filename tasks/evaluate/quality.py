"""Quality by kind of task: metrics, and the tables and pictures that show where they come from."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np
import pyarrow as pa

from tasks.evaluate import metrics, pictures, ranking, tables
from tasks.evaluate.heads import measure_heads
from tasks.features.columns import numbers, texts
from tasks.runtime.arrays import Arrays, Floats
from tasks.runtime.predictor import Predictor

if TYPE_CHECKING:
    from tasks.features.interactions import InteractionFeatures


def measure_quality(
    predictor: Predictor, rows: pa.Table, into: Path, max_classes_shown: int, read_train: Callable[[], pa.Table]
) -> dict[str, float]:
    """Predict all rows, compare, and write into the directory `into`.

    Args:
        read_train: the rows of the train split, which a ranking leaves out.

    Raises:
        TrainingError: the model gives something that is not a number.
        DataError: the truth is missing.
    """
    if predictor.manifest.heads:
        return measure_heads(predictor, rows, into, max_classes_shown)
    if predictor.manifest.task == "item_ranking":
        return _ranking(predictor, rows, into, read_train())
    outputs = predictor.row_outputs(rows)
    metrics.check_outputs(outputs)
    if predictor.manifest.task == "rating_prediction":
        return _ratings(outputs, rows, into)
    if predictor.answers is not None:
        return _retrieval(predictor.answers.similarities(outputs), predictor.answers.answers, rows, into)
    return _classification(outputs, predictor.manifest.labels, rows, into, max_classes_shown)


def _classification(
    outputs: Floats, labels: tuple[str, ...], rows: pa.Table, into: Path, max_classes_shown: int
) -> dict[str, float]:
    truth = texts(rows.column("label"))
    matrix = metrics.confusion(truth, [labels[place] for place in outputs.argmax(axis=1)], labels)
    tables.write_qualities(matrix.per_class(), into / "per_class.csv")
    tables.write_confusion(matrix, into / "confusion.csv")
    pictures.draw_confusion(matrix, into / "confusion.png", max_classes_shown)
    pictures.draw_per_class(matrix.per_class(), into / "per_class.png", max_classes_shown)
    return metrics.classification_metrics(outputs, truth, labels)


def _retrieval(similarities: Floats, answers: tuple[str, ...], rows: pa.Table, into: Path) -> dict[str, float]:
    places = {answer: place for place, answer in enumerate(answers)}
    truth = [places.get(answer, metrics.UNKNOWN) for answer in texts(rows.column("answer"))]
    true_ranks = metrics.ranks(similarities, np.array(truth, np.int64))
    pictures.draw_ranks(true_ranks, into / "ranks.png")
    return metrics.retrieval_metrics(true_ranks)


def _ranking(predictor: Predictor, rows: pa.Table, into: Path, train: pa.Table) -> dict[str, float]:
    features = cast("InteractionFeatures", predictor.features)

    def score(arrays: Arrays) -> Floats:
        outputs = predictor.outputs(arrays)
        metrics.check_outputs(outputs)
        return outputs

    ranks = list(ranking.user_ranks(score, features, train, rows))
    pictures.draw_ranks(np.array([own[0] for own in ranks]), into / "ranks.png", "first right item", "users")
    return ranking.ranking_metrics(ranks)


def _ratings(outputs: Floats, rows: pa.Table, into: Path) -> dict[str, float]:
    truth = numbers(rows.column("rating"))
    metrics.check_truth(truth)
    predicted = outputs.reshape(-1)
    pictures.draw_ratings(predicted, truth, into / "ratings.png")
    return metrics.rating_metrics(predicted, truth)
