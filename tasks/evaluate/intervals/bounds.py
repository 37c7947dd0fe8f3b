"""Bounds of confidence intervals."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from tasks.reports.interval import Interval

Values = NDArray[np.float64]
FEWEST_ROWS = 10  # fewer say too little about rows that are not there
_MOST_UNTOLD = 0.05  # of samples that can't tell a metric


def wilson(right: int, rows: int, confidence: float) -> Interval:
    """Of a share of rows (Wilson 1927): holds also where none or all are right, where a bootstrap sees no spread."""
    z = _normal_quantile((1 + confidence) / 2)
    share, of_square = right / rows, z * z / rows
    middle = (share + of_square / 2) / (1 + of_square)
    half = z / (1 + of_square) * math.sqrt(share * (1 - share) / rows + of_square / (4 * rows))
    low, high = max(0.0, middle - half), min(1.0, middle + half)
    return Interval(value=share, low=min(low, share), high=max(high, share))


def bias_corrected(value: float, drawn: Values, confidence: float) -> Interval:
    """Percentiles of bootstrap samples, moved by how far their median lies from the value (BC; Efron 1987).

    Without bounds where the samples show no spread, do not surround the value, or mostly can't tell the metric.
    """
    from scipy.special import ndtr, ndtri

    known = drawn[np.isfinite(drawn)]
    if len(known) < (1 - _MOST_UNTOLD) * len(drawn) or np.ptp(known) == 0:
        return Interval(value=value, low=None, high=None)
    below = float(np.mean(known < value) + np.mean(known == value) / 2)
    if not 0 < below < 1:
        return Interval(value=value, low=None, high=None)
    moved = 2 * ndtri(below)
    tails = ndtri(np.array([(1 - confidence) / 2, (1 + confidence) / 2]))
    low, high = np.quantile(known, ndtr(moved + tails))
    return Interval(value=value, low=min(float(low), value), high=max(float(high), value))


def matched(gained: int, lost: int, rows: int, confidence: float) -> Interval:
    """Of the difference of two shares of the same rows (Agresti and Min 2005): Wald's after 1/2 more row a cell.

    Args:
        gained, lost: rows that only the first, and only the second model got right.
    """
    z, total = _normal_quantile((1 + confidence) / 2), rows + 2
    middle = (gained - lost) / total
    half = z * math.sqrt((gained + lost + 1) / total - middle**2) / math.sqrt(total)
    value = (gained - lost) / rows
    return Interval(value=value, low=min(max(-1.0, middle - half), value), high=max(min(1.0, middle + half), value))


def _normal_quantile(share: float) -> float:
    from scipy.special import ndtri

    return float(ndtri(share))
