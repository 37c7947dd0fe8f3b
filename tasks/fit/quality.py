"""How good outputs are on rows that are measured and not learned from: one figure a name, over all their batches."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Weights = NDArray[np.float32]
Batch = tuple[Any, Any, Weights]
"""(outputs, targets, weights (b,)) of a batch, as nests of NumPy arrays; a row of weight 0 only fills up."""
Quality = Callable[[Sequence[Batch]], dict[str, float]]
"""Batches to figures such as `accuracy`; a row counts by its weight."""
_LEFT_OUT = -1e8


def accuracy(batches: Sequence[Batch]) -> dict[str, float]:
    """`accuracy`: the share of rows whose class has the largest logit (b, classes); a class not known is wrong."""
    return {"accuracy": _mean((logits.argmax(axis=-1) == targets, weights) for logits, targets, weights in batches)}


def root_mean_square(batches: Sequence[Batch]) -> dict[str, float]:
    """`rmse`: the root of the mean squared difference of outputs (b,) and targets (b,), in their unit."""
    squares = ((np.square(outputs - targets), weights) for outputs, targets, weights in batches)
    return {"rmse": float(np.sqrt(_mean(squares)))}


def reciprocal_rank(batches: Sequence[Batch]) -> dict[str, float]:
    """`mrr`: mean reciprocal rank of a question's own answer among the answers of its batch, the last among equals.

    Outputs are unit embeddings of questions and answers (b, d); `targets` number the answers, of which one that
    stands in the batch more than once counts as one.
    """
    return {"mrr": _mean((_reciprocal_ranks(batch), batch[-1]) for batch in batches)}


def pair_accuracy(batches: Sequence[Batch]) -> dict[str, float]:
    """`pair_accuracy`: how often the right item comes before one drawn beside it: the area under the ROC curve.

    Scores are (b, 1 + n), the right item's first; draws that do not count score hugely negative and are left out.
    """
    return {"pair_accuracy": _mean((_leads(scores), weights) for scores, _, weights in batches)}


def _leads(scores: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    counts = scores[:, 1:] > _LEFT_OUT
    leads = (scores[:, :1] > scores[:, 1:]) & counts
    return np.asarray((leads.sum(axis=1) + 0.5 * ~counts.any(axis=1)) / np.maximum(counts.sum(axis=1), 1))


def _reciprocal_ranks(batch: Batch) -> NDArray[np.float64]:
    (questions, answers), targets, weights = batch
    scores = questions @ answers.T
    own = np.einsum("bd,bd->b", questions, answers)[:, None]
    other = (targets[:, None] != targets[None, :]) & (weights > 0)[None, :]
    columns = {target: place for place, target in reversed(list(enumerate(targets.tolist())))}
    first = np.isin(np.arange(len(targets)), list(columns.values()))  # of answers that are equal
    return np.asarray(1.0 / (1.0 + (other & first[None, :] & (scores >= own)).sum(axis=1)))


def _mean(parts: Iterable[tuple[Any, Weights]]) -> float:
    """The mean of all values, each by its row's weight; NaN where no row counts."""
    values, weights = zip(*((np.asarray(value, np.float64), weight) for value, weight in parts), strict=True)
    total = np.concatenate(weights).sum()
    return float(np.concatenate(values) @ np.concatenate(weights) / total) if total else float("nan")
