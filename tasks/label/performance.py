"""How the labelling functions of a recipe fare, as a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tasks.label.functions import ABSTAIN, Votes
from tasks.label.label_model import LabelModel, majority


@dataclass(frozen=True)
class FunctionTable:
    """A row for each function.

    `coverage`, `overlap` and `conflict` are shares of all rows: where it votes, where another votes too, where another
    votes otherwise. `estimated_accuracy` is the probability of its votes by the label model; `known_accuracy` the share
    of right ones among its votes on the `known_votes` rows that have a label.
    """

    rows: tuple[tuple[str, float, float, float, float, int, float], ...]

    @property
    def header(self) -> tuple[str, ...]:
        """Names of the columns."""
        return (
            "function", "coverage", "overlap", "conflict", "estimated_accuracy", "known_votes", "known_accuracy",
        )  # fmt: skip


def measure(
    names: Sequence[str], votes: Votes, known: NDArray[np.int64], model: LabelModel | None, labels: int
) -> FunctionTable:
    """Measure each function by the others, the model and the known labels."""
    patterns, where, counts = np.unique(votes, axis=0, return_inverse=True, return_counts=True)
    probabilities = model.probabilities(patterns) if model else majority(patterns, labels)
    voted = patterns != ABSTAIN
    rows = []
    for place, name in enumerate(names):
        mine = voted[:, place]
        others = np.delete(voted, place, axis=1)
        against = (np.delete(patterns, place, axis=1) != patterns[:, [place]]) & others
        cast = counts @ mine
        believed = counts[mine] @ probabilities[mine, patterns[mine, place]] / cast if cast else 0.0
        judged = mine[where.reshape(-1)] & (known != ABSTAIN)
        right = float((votes[judged, place] == known[judged]).mean()) if judged.any() else 0.0
        shares = [float(counts @ (mine & marked.any(axis=1)) / len(votes)) for marked in (others, against)]
        figures = [round(float(value), 4) for value in (cast / len(votes), *shares, believed)]
        rows.append((name, figures[0], figures[1], figures[2], figures[3], int(judged.sum()), round(right, 4)))
    return FunctionTable(tuple(rows))
