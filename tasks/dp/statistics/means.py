"""Means and spreads of numbers within bounds, out of sums and counts that have noise."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from tasks.dp.statistics.bounds import STEPS, Bounds
from tasks.dp.statistics.counts import count
from tasks.dp.statistics.noise import CONFIDENCE, Noise
from tasks.dp.statistics.release import Floats, Release


def counted_mean(values: NDArray[np.float64], bounds: Bounds, noise: Noise) -> tuple[Release, Release]:
    """How many numbers are known, and their mean: two queries.

    The mean is the middle of the bounds and the noisy sum of what is above or below it, by the noisy count (algorithm
    2.3 of Li, Lyu, Su and Yang 2016, "Differential Privacy: From Theory to Practice"). Its interval has the outermost
    means of sums and counts that both lie within intervals of confidence 0.975.
    """
    positions = bounds.positions(values)
    rows, total = count(len(positions), noise), _noisy_sum(positions, noise)
    each = 1 - (1 - CONFIDENCE) / 2
    sums = np.array([total, total - noise.margin(confidence=each), total + noise.margin(confidence=each)])
    counts = rows.values + np.array([-1, 0, 1]) * noise.margin(confidence=each)
    ratios = sums[:, None] / np.maximum(counts, 1.0)
    means = bounds.middle + bounds.half * np.clip([ratios[0, 1], ratios.min(), ratios.max()], -1, 1)
    value, low, high = means[:, None]
    return rows, Release(value, low, high, noise.scale(bounds.half))


def mean_and_deviation(values: NDArray[np.float64], bounds: Bounds, noise: Noise) -> tuple[float, float]:
    """Mean and standard deviation: three queries, a count and the sums of numbers and of squares."""
    positions = bounds.positions(values)
    rows = max(1.0, float(count(len(positions), noise).values[0]))
    mean = float(np.clip(_noisy_sum(positions, noise) / rows, -1, 1))
    squares = float(np.clip(0.5 + _noisy_sum(2 * positions**2 - 1, noise) / rows / 2, 0, 1))
    return bounds.middle + bounds.half * mean, bounds.half * math.sqrt(max(squares - mean**2, 0.0))


def sum_in_steps(positions: Floats) -> int:
    """The sum of numbers from -1 to 1, each rounded to a step: so it is exact, and a row moves it by STEPS at most."""
    return int(np.rint(positions * STEPS).astype(np.int64).sum())


def _noisy_sum(positions: Floats, noise: Noise) -> float:
    return float(noise.add(np.array([sum_in_steps(positions)]), step=STEPS)[0]) / STEPS
