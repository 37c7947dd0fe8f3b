"""Tests of no difference between two models that answered the same rows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
Right = NDArray[np.bool_]


def mcnemar(first: Right, second: Right) -> float:
    """Exact two-sided p-value by the rows that only one model got right (McNemar 1947, by the binomial)."""
    from scipy.stats import binomtest

    gained, lost = int((first & ~second).sum()), int((~first & second).sum())
    return float(binomtest(gained, gained + lost, 0.5).pvalue) if gained + lost else 1.0


def delong(first: Values, second: Values, positive: Right) -> float | None:
    """Two-sided p-value of equal areas under the ROC curve (DeLong, DeLong and Clarke-Pearson 1988).

    Args:
        first, second: scores of the n rows by each model.
        positive: rows of the class to be told.

    Returns:
        None where a side has fewer than two rows, or areas differ without any spread.
    """
    from scipy.special import ndtr

    if min(positive.sum(), (~positive).sum()) < 2:
        return None
    of_positive, of_negative = zip(*(_placements(scores, positive) for scores in (first, second)), strict=True)
    difference = of_positive[0].mean() - of_positive[1].mean()
    variance = np.var(of_positive[0] - of_positive[1], ddof=1) / positive.sum()
    variance += np.var(of_negative[0] - of_negative[1], ddof=1) / (~positive).sum()
    if variance == 0:
        return 1.0 if difference == 0 else None
    return float(2 * ndtr(-abs(difference) / np.sqrt(variance)))


def resampled_p(differences: Values) -> float | None:
    """Two-sided p-value by how many of the paired bootstrap samples lie on the other side of 0.

    With one sample added to both sides, so that it is never 0 (Davison and Hinkley 1997, 4.2); None where samples
    can't tell.
    """
    known = differences[np.isfinite(differences)]
    if not len(known):
        return None
    tails = [(1 + int(side.sum())) / (len(known) + 1) for side in (known <= 0, known >= 0)]
    return min(1.0, 2 * min(tails))


def _placements(scores: Values, positive: Right) -> tuple[Values, Values]:
    """Of each positive row the share of negative ones below it, of each negative row that of positive ones above.

    Ties are half. By ranks among all rows and among its own side (Sun and Xu 2014).
    """
    from scipy.stats import rankdata

    ranks = rankdata(scores)
    own, other = rankdata(scores[positive]), rankdata(scores[~positive])
    below = (ranks[positive] - own) / len(other)
    above = 1 - (ranks[~positive] - other) / len(own)
    return below, above
