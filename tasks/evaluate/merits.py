"""How sure the mean of the merits of rows is."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tasks.evaluate.intervals.bounds import wilson
from tasks.evaluate.scored import Classes, Heads, Scored
from tasks.reports.interval import Interval

Values = NDArray[np.float64]


def are_shares(scored: Scored) -> bool:
    """Whether a merit is 0 or 1, so that the mean of merits is a share of rows."""
    return isinstance(scored, Classes | Heads)


def mean_interval(merits: Values, of_shares: bool, confidence: float) -> Interval:
    """The mean of n merits, one or more: by Wilson's interval for shares, else by Student's t.

    Without bounds where no spread is seen: rows that are all alike do not tell how others are.
    """
    if of_shares:
        return wilson(int(merits.sum()), len(merits), confidence)
    from scipy.special import stdtrit

    mean = float(merits.mean())
    if len(merits) < 2 or np.ptp(merits) == 0:
        return Interval(value=mean, low=None, high=None)
    half = float(stdtrit(len(merits) - 1, (1 + confidence) / 2)) * float(merits.std(ddof=1)) / float(len(merits)) ** 0.5
    return Interval(value=mean, low=mean - half, high=mean + half)
