"""Metrics of predictions against the truth. Arrays in, numbers out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from infra.errors import DataError, TrainingError

Numbers = NDArray[np.floating[Any]]
Places = NDArray[np.int64]
Counts = NDArray[np.int64]
UNKNOWN = -1  # the place of a label or an answer that the model can't give
SMALLEST_PROBABILITY = float(np.finfo(np.float32).eps)  # a log loss of 15.9; that of a row with an unknown label


@dataclass(frozen=True)
class ClassQuality:
    """How well one class is told from the others."""

    label: str
    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True)
class Confusion:
    """`counts[i, j]`: rows of the class `names[i]` that were predicted to be of `names[j]`."""

    names: tuple[str, ...]
    counts: Counts

    def per_class(self) -> list[ClassQuality]:
        """Precision, recall and F1 of each class; 0 where nothing was predicted or nothing was there."""
        hits = np.diag(self.counts).astype(np.float64)
        support, predicted = self.counts.sum(axis=1), self.counts.sum(axis=0)
        precision, recall = hits / np.maximum(predicted, 1), hits / np.maximum(support, 1)
        f1 = 2 * hits / np.maximum(support + predicted, 1)
        columns = zip(self.names, precision, recall, f1, support, strict=True)
        return [ClassQuality(name, float(p), float(r), float(f), int(n)) for name, p, r, f, n in columns]


def confusion(truth: Sequence[str], predicted: Sequence[str], labels: Sequence[str]) -> Confusion:
    """Count over the model's labels and, after them, those that only the truth has."""
    names = (*labels, *sorted(set(truth) - set(labels)))
    place = {name: number for number, name in enumerate(names)}
    codes, told = (np.array([place[name] for name in side], np.int64) for side in (truth, predicted))
    return counted(codes, told, names)


def counted(codes: Places, told: Places, names: Sequence[str]) -> Confusion:
    """Count n rows by their places in `names`, the true one and the one told."""
    cells = np.bincount(codes * len(names) + told, minlength=len(names) ** 2)
    return Confusion(tuple(names), cells.reshape(len(names), len(names)))


def classification_metrics(probabilities: Numbers, truth: Sequence[str], labels: Sequence[str]) -> dict[str, float]:
    """What `class_figures` tells, of classes by their names.

    Args:
        probabilities: n by classes, columns in the order of `labels`.
    """
    places = {label: place for place, label in enumerate(labels)}
    codes = np.array([places.get(label, UNKNOWN) for label in truth], np.int64)
    matrix = confusion(truth, [labels[place] for place in probabilities.argmax(axis=1)], labels)
    return class_figures(probabilities, codes, matrix)


def class_figures(probabilities: Numbers, codes: Places, matrix: Confusion) -> dict[str, float]:
    """Accuracy, macro-F1 over the labels in the truth, log loss, and the area under the ROC curve.

    A label that the model does not know counts as wrong: it can't be predicted, and its probability is 0. The area
    leaves such rows out.

    Args:
        probabilities: n by classes.
        codes: n places of the true class among them, or UNKNOWN.
        matrix: of the same rows.
    """
    metrics = {
        "accuracy": float(np.mean(probabilities.argmax(axis=1) == codes)),
        "macro_f1": float(np.mean([quality.f1 for quality in matrix.per_class() if quality.support])),
        "log_loss": log_loss(probabilities, codes),
        "unknown_labels": float(np.sum(codes == UNKNOWN)),
    }
    area = roc_area(probabilities[:, 1], codes) if probabilities.shape[1] == 2 else mean_roc_area(probabilities, codes)
    return metrics if area is None else {**metrics, "auc": area}


def log_loss(probabilities: Numbers, codes: Places) -> float:
    """Mean negative logarithm of the probability of the true class, in nats."""
    return float(row_losses(probabilities, codes).mean())


def row_losses(probabilities: Numbers, codes: Places) -> NDArray[np.float64]:
    """The negative logarithm of the probability of each row's true class, in nats."""
    given = probabilities[np.arange(len(codes)), codes].astype(np.float64)
    given = np.where(codes == UNKNOWN, 0.0, given)
    losses: NDArray[np.float64] = -np.log(np.clip(given, SMALLEST_PROBABILITY, 1.0))
    return losses


def roc_area(scores: Numbers, codes: Places) -> float | None:
    """The probability that a row of class 1 scores above one of class 0; a tie is half (Mann and Whitney 1947).

    None where one of the classes has no row.
    """
    known = codes != UNKNOWN
    _, inverse, counts = np.unique(scores[known], return_inverse=True, return_counts=True)
    mean_ranks = np.cumsum(counts) - (counts - 1) / 2
    positive = codes[known] == 1
    positives, negatives = int(positive.sum()), int((~positive).sum())
    if not positives or not negatives:
        return None
    rank_sum = float(mean_ranks[inverse[positive]].sum())
    return (rank_sum - positives * (positives + 1) / 2) / (positives * negatives)


def mean_roc_area(probabilities: Numbers, codes: Places) -> float | None:
    """The mean over classes of the area of each against all others (Provost and Domingos 2000, unweighted).

    A class with no row, and rows whose label the model does not know, are left out. None where no two classes have
    a row.
    """
    known = codes != UNKNOWN
    scores, places = probabilities[known], codes[known]
    areas = [roc_area(scores[:, each], (places == each).astype(np.int64)) for each in np.unique(places)]
    told = [area for area in areas if area is not None]
    return float(np.mean(told)) if told else None


def rating_metrics(predicted: Numbers, truth: Numbers) -> dict[str, float]:
    """Mean squared error and its root, and mean absolute error, in units of the rating."""
    errors = predicted.astype(np.float64) - truth
    squared = float(np.mean(errors**2))
    return {"mse": squared, "rmse": float(np.sqrt(squared)), "mae": float(np.mean(np.abs(errors)))}


def ranks(similarities: Numbers, places: Places) -> NDArray[np.float64]:
    """The rank of the true answer of each query, from 1; among equals the last; infinite where it is UNKNOWN."""
    true = similarities[np.arange(len(places)), places]
    counted = (similarities >= true[:, None]).sum(axis=1).astype(np.float64)
    return np.where(places == UNKNOWN, np.inf, counted)


def retrieval_metrics(true_ranks: NDArray[np.float64]) -> dict[str, float]:
    """Means over queries: reciprocal rank, nDCG of the first ten, and whether the answer came first or among them.

    With one right answer the mean average precision is the mean reciprocal rank.
    """
    return {
        "mrr": float(np.mean(1.0 / true_ranks)),
        "ndcg_at_10": float(np.mean(single_gains(true_ranks))),
        "recall_at_1": float(np.mean(true_ranks <= 1)),
        "recall_at_10": float(np.mean(true_ranks <= 10)),
        "unknown_labels": float(np.sum(np.isinf(true_ranks))),
    }


def single_gains(true_ranks: NDArray[np.float64], cut: int = 10) -> NDArray[np.float64]:
    """The nDCG of lists with one right answer each, 1 / log2(1 + rank), and 0 behind the first `cut`."""
    return np.where(true_ranks <= cut, 1.0 / np.log2(1.0 + true_ranks), 0.0)


def check_outputs(outputs: Sequence[Numbers] | Numbers) -> None:
    """One entry a row. A model that does not give numbers is not measured.

    Raises:
        TrainingError: an output is not finite.
    """
    wrong = sum(not np.isfinite(row).all() for row in outputs)
    if wrong:
        raise TrainingError(
            "model output",
            found=f"NaN or infinity for {wrong} of {len(outputs)} test rows",
            allowed="finite numbers",
            action="Train again with a lower learning rate, and look at the loss.",
        )


def check_truth(truth: Numbers) -> None:
    """A rating that is missing can't be compared.

    Raises:
        DataError: one is missing.
    """
    wrong = int((~np.isfinite(truth)).sum())
    if wrong:
        raise DataError(
            "column rating of the test split",
            found=f"{wrong} missing values",
            allowed="a number in every row",
            action="Make the column not nullable in ingest.contract, so that such rows go to quarantine.",
        )
