"""The area under the ROC curve of many weighted samples at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tasks.evaluate.intervals.draws import Weights
from tasks.evaluate.intervals.groups import Values, groups, sums

if TYPE_CHECKING:
    from scipy.sparse import csr_array


@dataclass(frozen=True)
class Area:
    """Scores sorted once.

    Attributes:
        steps: sums weights by where rows score beside the m distinct scores of positive rows, rising: below the
            first, at it, between it and the second, and so on, 2 m + 1 sums.
        positives: sums weights of positive rows at each of the m scores.
    """

    steps: csr_array
    positives: csr_array

    def of(self, weights: Weights) -> Values:
        """The area in each sample; NaN where it lacks one of the sides.

        With C(x) the weight of rows that score below x, and half of those at x, the sum of w C over the positive rows
        counts each pair of them half, so the sum less P^2 / 2 is the statistic of Mann and Whitney (1947).
        """
        stepped, own = sums(self.steps, weights), sums(self.positives, weights)
        summed = np.cumsum(stepped, axis=0)
        middle = (summed[:-1:2] + summed[1::2]) / 2
        positives = own.sum(axis=0)
        pairs = positives * (summed[-1] - positives)
        above = (own * middle).sum(axis=0) - positives**2 / 2
        return np.divide(above, pairs, out=np.full(len(above), np.nan), where=pairs > 0)


def area_of(scores: NDArray[Any], positive: NDArray[np.bool_], counted: NDArray[np.bool_]) -> Area:
    """Sort the scores of the rows that are `counted`; all three have n entries."""
    levels = np.unique(scores[positive & counted])
    below = np.searchsorted(levels, scores, "left")
    at = np.searchsorted(levels, scores, "right") > below
    steps = groups(2 * below + at, 2 * len(levels) + 1, counted)
    return Area(steps, groups(below, len(levels), positive & counted))
