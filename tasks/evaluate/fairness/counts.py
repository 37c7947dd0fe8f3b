"""What a classifier does to groups, counted; and how these counts would vary with other rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tasks.evaluate.fairness.groups import Groups

Flags = NDArray[np.bool_]
Values = NDArray[np.float64]

_UNSEEN = 1.0  # row, added to each cell: that something was never seen does not make it impossible
_HALF = 0.5  # row, added to each cell of a draw, so that it has positives and negatives


@dataclass(frozen=True)
class Counts:
    """Rows of G groups by what was true and what was told; arrays end with G, and may have draws before.

    Positive is the favourable class. A rate is NaN where no row of the group can tell it.
    """

    true_positive: Values
    false_positive: Values
    true_negative: Values
    false_negative: Values

    @property
    def rows(self) -> Values:
        """Of each group."""
        return self.positives + self.negatives

    @property
    def positives(self) -> Values:
        """Rows that are truly of the favourable class."""
        return self.true_positive + self.false_negative

    @property
    def negatives(self) -> Values:
        """Rows that are not."""
        return self.true_negative + self.false_positive

    @property
    def selected(self) -> Values:
        """Rows that were told to be of the favourable class."""
        return self.true_positive + self.false_positive

    def shares(self) -> dict[str, tuple[Values, Values]]:
        """Each rate as how many rows, out of how many."""
        return {
            "selection_rate": (self.selected, self.rows),
            "accuracy": (self.true_positive + self.true_negative, self.rows),
            "false_positive_rate": (self.false_positive, self.negatives),
            "false_negative_rate": (self.false_negative, self.positives),
            "true_positive_rate": (self.true_positive, self.positives),
        }

    def cells(self) -> Values:
        """The four counts of each group: G by 4."""
        return np.stack([self.true_positive, self.false_positive, self.true_negative, self.false_negative], axis=-1)

    def of(self, places: NDArray[np.int64]) -> Counts:
        """The counts of some groups."""
        return _counts(self.cells()[places])

    def eased(self) -> Counts:
        """One row more in each cell, so that no rate is 0 or 1.

        Intervals of differences around such rates hold also for a handful of rows (Agresti and Caffo 2000).
        """
        return _counts(self.cells() + _UNSEEN)

    def drawn(self, draws: int, random: np.random.Generator) -> Counts:
        """Counts as other rows of the same groups might give them: `draws` by G.

        To resample rows within a group is to draw its four counts from a multinomial distribution; here from the
        shares of the eased counts.
        """
        sizes, cells = self.rows.astype(np.int64), self.eased().cells()
        drawn = [random.multinomial(size, cell / cell.sum(), draws) for size, cell in zip(sizes, cells, strict=True)]
        return _counts(np.stack(drawn, axis=1) + _HALF)


def count(groups: Groups, truth: Flags, told: Flags) -> Counts:
    """Count n rows by group; `truth` and `told` say whether they are, and were told to be, of the favourable class."""
    cell = np.where(told, np.where(truth, 0, 1), np.where(truth, 3, 2))
    size = len(groups.names)
    return _counts(np.bincount(groups.codes * 4 + cell, minlength=4 * size).reshape(size, 4).astype(np.float64))


def _counts(cells: Values) -> Counts:
    return Counts(*(cells[..., place] for place in range(4)))
