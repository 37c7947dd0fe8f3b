"""Quantiles of numbers within bounds, any number of them for one query's cost.

The rows are counted in a tree of intervals, each cut in four: every row is in one interval of each level. All counts
get noise, and least squares makes one distribution of them (Hay, Rastogi, Miklau and Suciu 2010, "Boosting the Accuracy
of Differentially Private Histograms Through Consistency"; Li et al. 2010, the matrix mechanism). Four is near the best
number for this size by Qardaji, Yang and Li 2013, "Understanding Hierarchical Methods for Differentially Private
Histograms".
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from tasks.dp.statistics.bounds import Bounds
from tasks.dp.statistics.noise import Noise
from tasks.dp.statistics.release import Floats, Release

BRANCHES, LEVELS = 4, 4
LEAVES = BRANCHES**LEVELS
"""Intervals of equal width that quantiles are told by; within one they are interpolated."""


def quantiles(values: NDArray[np.float64], bounds: Bounds, probabilities: Sequence[float], noise: Noise) -> Release:
    """The quantiles of the known numbers, in the order of `probabilities`.

    An interval has all leaves in which, by the noisy counts, the rows below may reach the share asked for. Without rows
    it is the bounds.
    """
    leaves = np.bincount(bounds.places(values, LEAVES), minlength=LEAVES)
    noisy = noise.add(tree_counts(leaves), places=LEVELS)
    below, margin = _rows_below() @ noisy, noise.margin(places=LEVELS)
    found = [_quantile(below - share * below[-1], margin * _spread(share), bounds) for share in probabilities]
    value, low, high = np.array(found, np.float64).reshape(-1, 3).T
    return Release(value, low, high, noise.scale(places=LEVELS))


def tree_counts(leaves: NDArray[np.int64]) -> NDArray[np.int64]:
    """The counts of all levels, leaves first; the root is left out, for the four below it add up to it."""
    return np.concatenate([leaves.reshape(-1, BRANCHES**level).sum(axis=1) for level in range(LEVELS)])


def _quantile(excess: Floats, margin: Floats, bounds: Bounds) -> tuple[float, float, float]:
    """Where the rows below, less the share of all rows, come to zero; and the outermost places where they may."""
    edges = bounds.edges(LEAVES)
    possible = np.flatnonzero((excess - margin <= 0)[:-1] & (excess + margin >= 0)[1:])
    first, last = (possible[0], possible[-1]) if possible.size else (0, LEAVES - 1)
    value = float(np.interp(0.0, _monotone(excess), edges))
    return value, min(value, edges[first]), max(value, edges[last + 1])


def _monotone(values: Floats) -> Floats:
    """A curve that never falls, between the highest so far and the lowest to come."""
    return np.asarray((np.maximum.accumulate(values) + np.minimum.accumulate(values[::-1])[::-1]) / 2)


@cache
def _rows_below() -> Floats:
    """(LEAVES + 1, nodes): least-squares estimates of the rows below each end of a leaf, out of all counts."""
    sizes = [BRANCHES**level for level in range(LEVELS)]
    strategy = np.concatenate([np.kron(np.eye(LEAVES // size), np.ones((1, size))) for size in sizes])
    below = np.tril(np.ones((LEAVES + 1, LEAVES)), -1)
    return np.asarray(below @ np.linalg.pinv(strategy))


@cache
def _spread(share: float) -> Floats:
    """(LEAVES + 1,): what the noise of one count is multiplied by in the rows below, less the share of all rows."""
    below = _rows_below()
    return np.asarray(np.linalg.norm(below - share * below[-1], axis=1))
