"""How good the heads of a model are, each by its kind."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tasks.features.heads import MISSING, Head, joined, told_places
from tasks.features.labels import UNKNOWN
from tasks.features.spans import count_spans, total
from tasks.fit.quality import Batch, Quality, accuracy
from tasks.options import HeadKind

if TYPE_CHECKING:
    from tasks.fit.losses import Loss

Figures = dict[str, float]
_NEVER_TOLD = "B-?"  # of a tag that the network lacks: a true span that no one finds


def quality_of_heads(heads: Sequence[Head], losses: Mapping[str, Loss]) -> Quality:
    """Figures of all heads, named as `joined` does, and each one's loss as `OUTPUT_loss`.

    Outputs and targets are those of `build_heads` by name; where the truth is missing nothing is counted.
    """

    def quality(batches: Sequence[Batch]) -> Figures:
        figures, lost = {}, {}
        for head in heads:
            own = [(outputs[head.output], targets[head.output], weights) for outputs, targets, weights in batches]
            figures[head.output] = _FIGURES[head.kind](head, own)
            lost[f"{head.output}_loss"] = _loss(losses[head.output], own)
        return {**joined(figures), **lost}

    return quality


def label_figures(truth: NDArray[np.bool_], told: NDArray[np.bool_]) -> Figures:
    """`micro_f1` over all labels of all rows, and `macro_f1`, the mean over labels that a row has; (n, labels)."""
    right, there, said = (truth & told).sum(axis=0), truth.sum(axis=0), told.sum(axis=0)
    f1 = 2 * right / np.maximum(there + said, 1)
    return {
        "micro_f1": float(2 * right.sum() / max(there.sum() + said.sum(), 1)),
        "macro_f1": float(f1[there > 0].mean()) if there.any() else 0.0,
    }


def number_figures(told: NDArray[np.floating[Any]], truth: NDArray[np.floating[Any]]) -> Figures:
    """`rmse` and `mae` in the numbers' unit, and `r2`: the share of the variance explained, 0 for telling the mean."""
    errors, spread = told.astype(np.float64) - truth, np.square(truth - truth.mean()).sum()
    figures = {"rmse": float(np.sqrt(np.mean(errors**2))), "mae": float(np.mean(np.abs(errors)))}
    return {**figures, "r2": float(1 - np.square(errors).sum() / spread)} if spread else figures


def _classes(_head: Head, batches: Sequence[Batch]) -> Figures:
    return accuracy([(logits, targets, weights * (targets != MISSING)) for logits, targets, weights in batches])


def _labels(_head: Head, batches: Sequence[Batch]) -> Figures:
    known = [targets[:, 0] >= 0 for _, targets, _ in batches]
    rows = list(_counted(batches, known))
    return label_figures(
        np.concatenate([targets > 0 for _, targets in rows]), np.concatenate([logits > 0 for logits, _ in rows])
    )


def _numbers(head: Head, batches: Sequence[Batch]) -> Figures:
    rows = list(_counted(batches, [np.isfinite(targets) for _, targets, _ in batches]))
    outputs, targets = (np.concatenate(column).astype(np.float64) for column in zip(*rows, strict=True))
    if not len(targets):
        return {"rmse": float("nan")}
    return number_figures(outputs * head.deviation + head.mean, targets * head.deviation + head.mean)


def _spans(head: Head, batches: Sequence[Batch]) -> Figures:
    rows = [
        (told_places(head, scores[targets != MISSING]), targets[targets != MISSING])
        for logits, truths, weights in batches
        for scores, targets, weight in zip(logits, truths, weights, strict=True)
        if weight > 0
    ]
    told, truth = ([_names(head, row[side]) for row in rows] for side in (0, 1))
    return {"span_f1": total(count_spans(truth, told).values()).f1}


def _names(head: Head, places: NDArray[np.integer[Any]]) -> list[str]:
    return [_NEVER_TOLD if place == UNKNOWN else head.labels[place] for place in places]


def _counted(batches: Sequence[Batch], known: Sequence[Any]) -> Iterator[tuple[Any, Any]]:
    for (outputs, targets, weights), there in zip(batches, known, strict=True):
        yield outputs[there & (weights > 0)], targets[there & (weights > 0)]


def _loss(loss: Loss, batches: Sequence[Batch]) -> float:
    sums = [float(loss(outputs, targets, weights, 1.0)) for outputs, targets, weights in batches]
    return sum(sums) / max(1e-12, float(sum(weights.sum() for _, _, weights in batches)))


_FIGURES: Mapping[HeadKind, Callable[[Head, Sequence[Batch]], Figures]] = {
    "classification": _classes,
    "multi_label": _labels,
    "regression": _numbers,
    "tagging": _spans,
}
