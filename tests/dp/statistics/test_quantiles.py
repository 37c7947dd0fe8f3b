"""Quantiles out of a tree of noisy counts."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.dp.statistics.bounds import Bounds
from tasks.dp.statistics.noise import Noise, gaussian, laplace
from tasks.dp.statistics.quantiles import LEAVES, LEVELS, quantiles, tree_counts

SHARES = (0.05, 0.25, 0.5, 0.75, 0.95)
UNIT = Bounds(0, 256)
EXACT = laplace(1e6)


def test_near_the_truth_with_little_noise() -> None:
    values = np.random.default_rng(0).gamma(2, 20, 20_000)
    found = quantiles(values, UNIT, SHARES, EXACT)
    assert found.values == pytest.approx(np.quantile(np.clip(values, 0, 256), SHARES), abs=1.0)


def test_quantiles_rise_with_their_shares_however_much_noise() -> None:
    values = np.random.default_rng(0).normal(100, 30, 300)
    shares = np.linspace(0.01, 0.99, 33).tolist()
    for _ in range(20):
        found = quantiles(values, UNIT, shares, laplace(0.05))
        assert (found.low <= found.values).all() and (found.values <= found.high).all()
        assert found.values.min() >= 0 and found.values.max() <= 256


def test_the_tree_has_every_row_once_a_level() -> None:
    leaves = np.zeros(LEAVES, np.int64)
    leaves[[0, 5, 255]] = 2, 1, 4
    counts = tree_counts(leaves)
    assert len(counts) == 256 + 64 + 16 + 4
    assert counts[256:258].tolist() == [2, 1] and counts[-4:].tolist() == [3, 0, 0, 4]


@given(st.lists(st.floats(width=64), max_size=30), st.floats(width=64))
def test_one_row_moves_no_more_counts_than_noise_is_made_for(values: list[float], more: float) -> None:
    before, after = (
        tree_counts(np.bincount(UNIT.places(np.array(rows, np.float64), LEAVES), minlength=LEAVES))
        for rows in (values, [*values, more])
    )
    assert np.abs(after - before).max() <= 1 and np.abs(after - before).sum() <= LEVELS


@pytest.mark.parametrize(("noise", "ties"), [(laplace(0.2), False), (gaussian(0.5, 1e-6), True)])
def test_the_intervals_hold_the_quantiles_of_the_rows(noise: Noise, ties: bool) -> None:
    values = np.random.default_rng(1).normal(100, 20, 4000).clip(0, 255.9)
    values = np.floor(values / 10) * 10 if ties else values
    truth = np.quantile(values, SHARES, method="inverted_cdf")
    found = [quantiles(values, UNIT, SHARES, noise) for _ in range(100)]
    inside = sum((each.low <= truth) & (truth <= each.high) for each in found)
    assert (inside >= 81).all()  # fewer by chance: 1e-6


@pytest.mark.parametrize("values", [[], [math.nan], [7.0]])
def test_of_hardly_any_row_nothing_can_be_told(values: list[float]) -> None:
    found = quantiles(np.array(values, np.float64), UNIT, (0.5,), laplace(0.01))
    assert found.high[0] - found.low[0] > 128
    assert 0 <= found.values[0] <= 256
