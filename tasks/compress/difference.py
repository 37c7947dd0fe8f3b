"""How far a compressed model is from the one it was made from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from infra.errors import TrainingError
from tasks.features.heads import Head
from tasks.options import Task
from tasks.runtime.arrays import Floats
from tasks.runtime.heads import HeadOutputs

Distances = NDArray[np.float64]


def difference(parent: Floats, child: Floats, task: Task) -> Distances:
    """For each row one less the cosine of unit embeddings, else the largest absolute difference of its outputs.

    Raises:
        TrainingError: an output is not a number.
    """
    _check(parent, child)
    before, after = parent.astype(np.float64), child.astype(np.float64)
    if task == "text_retrieval":
        return np.asarray(1.0 - (before * after).sum(axis=1))
    return np.asarray(np.abs(before - after).reshape(len(before), -1).max(axis=1))


def figures(distances: Distances, suffix: str = "") -> dict[str, float]:
    """Mean and maximum over rows."""
    return {
        f"difference_mean{suffix}": float(distances.mean()),
        f"difference_max{suffix}": float(distances.max()),
    }


def head_differences(heads: Sequence[Head], parent: HeadOutputs, child: HeadOutputs) -> dict[str, float]:
    """Figures of each head, with its output behind the name, and of the largest difference over heads.

    Numbers differ in units of their standard deviation in the train split, so that they compare to probabilities.

    Raises:
        TrainingError: an output is not a number.
    """
    by_head = {head.output: _distances(head, parent[head.column], child[head.column]) for head in heads}
    over_all = figures(np.max(list(by_head.values()), axis=0))
    return over_all | {
        name: value for output, distances in by_head.items() for name, value in figures(distances, f"_{output}").items()
    }


def _distances(head: Head, parent: Sequence[Floats], child: Sequence[Floats]) -> Distances:
    _check(parent, child)
    unit = head.deviation if head.kind == "regression" else 1.0
    pairs = zip(parent, child, strict=True)
    return np.array([np.abs(before - after).max(initial=0.0) / unit for before, after in pairs], np.float64)


def _check(parent: Iterable[Floats], child: Iterable[Floats]) -> None:
    for name, outputs in (("parent", parent), ("compressed model", child)):
        wrong = sum(int((~np.isfinite(row)).sum()) for row in outputs)
        if wrong:
            raise TrainingError(
                f"output of the {name}",
                found=f"{wrong} values that are not finite",
                allowed="finite numbers",
                action="Train again with a lower learning rate.",
            )
