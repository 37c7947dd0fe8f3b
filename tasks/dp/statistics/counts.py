"""How many rows there are, in all and in bins."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tasks.dp.statistics.bounds import Bounds
from tasks.dp.statistics.noise import Noise
from tasks.dp.statistics.release import Release, counted


def count(rows: int, noise: Noise) -> Release:
    """The number of rows."""
    return counted(noise.add(np.array([rows])), noise)


def histogram(values: NDArray[np.float64], bounds: Bounds, bins: int, noise: Noise) -> Release:
    """Known numbers in each bin of equal width; those outside the bounds are in the first and the last."""
    counts = np.bincount(bounds.places(values, bins), minlength=bins)
    return counted(noise.add(counts), noise)


def category_counts(values: Sequence[str], categories: Sequence[str], noise: Noise) -> Release:
    """Rows of each of the categories, which are known without the data, and in the end those of all others."""
    found = Counter(values)
    known = [found[category] for category in categories]
    return counted(noise.add(np.array([*known, len(values) - sum(known)])), noise)
