"""Categories that nobody listed show only where many rows have them."""

from __future__ import annotations

import math

import pytest
from scipy import stats

from tasks.dp.statistics.categories import top_categories


def test_common_ones_show_in_order_and_rare_ones_do_not() -> None:
    values = ["b"] * 300 + ["a"] * 500 + ["rare"]
    found = top_categories(values, 1.0, 1e-9)
    assert found.names == ("a", "b")
    assert found.counts.values == pytest.approx([500, 300], abs=30)
    assert found.counts.scale == 1.0


def shows(rows: int, scale: float, threshold: int) -> float:
    """With which probability a count of so many and discrete Laplace noise reach the threshold: a geometric tail."""
    ratio = math.exp(-1 / scale)
    return ratio ** (threshold - rows) / (1 + ratio)


@pytest.mark.parametrize("epsilon", [0.1, 1.0, 3.0])
@pytest.mark.parametrize("delta", [1e-2, 1e-6, 1e-9])
def test_the_threshold_is_the_smallest_that_one_row_reaches_by_delta_only(epsilon: float, delta: float) -> None:
    found = top_categories([], epsilon, delta)
    assert shows(1, 1 / epsilon, found.threshold) <= delta < shows(1, 1 / epsilon, found.threshold - 1)


@pytest.mark.parametrize("epsilon", [0.1, 1.0, 3.0])
def test_nor_do_the_rows_of_a_person_whatever_they_are(epsilon: float) -> None:
    found = top_categories([], epsilon, 1e-6, rows=3)
    for parts in ([3], [2, 1], [1, 1, 1]):
        hidden = [1 - shows(rows, 3 / epsilon, found.threshold) for rows in parts]
        assert 1 - math.prod(hidden) <= 1e-6


def test_a_single_row_shows_no_more_often_than_delta() -> None:
    shown = len(top_categories([f"person {place}" for place in range(20_000)], 3.0, 0.01).names)
    assert stats.binomtest(shown, 20_000, 0.01, alternative="greater").pvalue > 1e-6
    assert shown > 0  # so the test can fail


def test_a_person_of_several_rows_needs_more_noise_and_a_higher_threshold() -> None:
    one, three = (top_categories(["a"] * 1000, 1.0, 1e-6, rows) for rows in (1, 3))
    assert three.counts.scale == 3 * one.counts.scale
    assert three.threshold > 3 * one.threshold - 3


@pytest.mark.parametrize("values", [[], ["alone"]])
def test_of_hardly_any_row_nothing_shows(values: list[str]) -> None:
    assert top_categories(values, 0.5, 1e-9).names == ()
