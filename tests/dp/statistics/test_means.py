"""Means and spreads within bounds."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.dp.statistics.bounds import STEPS, Bounds
from tasks.dp.statistics.means import counted_mean, mean_and_deviation, sum_in_steps
from tasks.dp.statistics.noise import Noise, gaussian, laplace

EXACT = laplace(1e6)
AGES = Bounds(0, 100)


def test_near_the_truth_with_little_noise() -> None:
    values = np.array([20.0, 30, 40, math.nan, 170])
    rows, mean = counted_mean(values, AGES, EXACT)
    assert rows.values == pytest.approx([4], abs=1e-3)
    assert mean.values == pytest.approx([(20 + 30 + 40 + 100) / 4], abs=1e-2)
    assert mean_and_deviation(values, AGES, EXACT) == pytest.approx((47.5, np.std([20, 30, 40, 100])), abs=1e-2)


@given(st.lists(st.floats(width=64), max_size=50), st.floats(width=64))
def test_one_row_moves_the_sum_by_no_more_than_what_noise_is_made_for(values: list[float], more: float) -> None:
    before, after = (sum_in_steps(AGES.positions(np.array(rows, np.float64))) for rows in (values, [*values, more]))
    assert abs(after - before) <= STEPS


@given(st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=200))
def test_the_sum_does_not_hang_on_the_order(values: list[float]) -> None:
    positions = AGES.positions(np.array(values))
    assert sum_in_steps(positions) == sum_in_steps(positions[::-1])


@pytest.mark.parametrize("noise", [laplace(0.2), gaussian(0.5, 1e-6)])
def test_the_interval_holds_the_mean_of_the_rows(noise: Noise) -> None:
    values = np.random.default_rng(1).normal(30, 10, 2000)
    truth = np.clip(values, 0, 100).mean()
    found = [counted_mean(values, AGES, noise)[1] for _ in range(100)]
    assert sum(bool(each.low[0] <= truth <= each.high[0]) for each in found) >= 81  # fewer by chance: 1e-6


@pytest.mark.parametrize("values", [[], [math.nan], [50.0]])
def test_few_rows_give_a_mean_within_the_bounds(values: list[float]) -> None:
    for _ in range(20):
        _, mean = counted_mean(np.array(values, np.float64), AGES, laplace(0.1))
        assert 0 <= mean.low[0] <= mean.values[0] <= mean.high[0] <= 100
        centre, deviation = mean_and_deviation(np.array(values, np.float64), AGES, laplace(0.1))
        assert 0 <= centre <= 100 and 0 <= deviation <= 50
