"""Counts, histograms and known categories."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tasks.dp.statistics.bounds import Bounds
from tasks.dp.statistics.counts import category_counts, count, histogram
from tasks.dp.statistics.noise import laplace

EXACT = laplace(1e6)


def test_a_count() -> None:
    found = count(17, EXACT)
    assert found.values == pytest.approx([17], abs=1e-3)
    assert found.low[0] < found.values[0] < found.high[0]
    assert count(17, laplace(0.1)).scale == pytest.approx(10)


def test_a_histogram_has_numbers_outside_in_its_ends() -> None:
    values = np.array([-5.0, 0, 1, 1, 9.9, 10, 1e9, math.nan])
    assert histogram(values, Bounds(0, 10), 2, EXACT).values == pytest.approx([4, 3], abs=1e-3)


def test_categories_that_nobody_listed_are_counted_together() -> None:
    found = category_counts(["a", "b", "a", "z", "y"], ["a", "c", "b"], EXACT)
    assert found.values == pytest.approx([2, 0, 1, 2], abs=1e-3)


def test_without_rows_there_is_noise_alone() -> None:
    assert len(histogram(np.array([math.nan]), Bounds(0, 1), 3, laplace(1.0)).values) == 3
    assert len(category_counts([], ["a"], laplace(1.0)).values) == 2
