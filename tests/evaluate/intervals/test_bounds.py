"""Intervals hold the true value as often as they say."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy.stats import norm

from tasks.evaluate.calibration import reliability
from tasks.evaluate.intervals.bounds import bias_corrected, matched, wilson
from tasks.evaluate.intervals.config import IntervalOptions
from tasks.evaluate.intervals.measure import intervals
from tasks.evaluate.scored import Numbers, Scored
from tasks.reports.interval import Interval
from tests.evaluate.answers import NO_ROWS, binary, classes, every_kind

SIMULATIONS = 400
FEW = IntervalOptions(resamples=200)


def covered(simulate: Callable[[np.random.Generator], Interval], truth: float) -> float:
    """In how many of the simulations the interval holds the truth."""
    random = np.random.default_rng(5)
    found = [simulate(random) for _ in range(SIMULATIONS)]
    return float(np.mean([one.low is not None and one.low <= truth <= (one.high or 0) for one in found]))


def measured(scored: Scored, metric: str) -> Interval:
    return intervals(scored, FEW)[metric]


def test_a_share_is_covered() -> None:
    share = covered(lambda random: wilson(random.binomial(200, 0.85), 200, 0.95), 0.85)
    assert 0.92 <= share <= 0.98


def test_accuracy_by_the_whole_way_is_covered() -> None:
    def simulate(random: np.random.Generator) -> Interval:
        return measured(binary([0.8] * 100, (random.random(100) < 0.8).tolist()), "accuracy")

    assert 0.92 <= covered(simulate, 0.8) <= 0.98


def test_a_mean_is_covered() -> None:
    def simulate(random: np.random.Generator) -> Interval:
        return measured(Numbers(NO_ROWS, random.normal(0, 1, 100), np.zeros(100)), "mae")

    assert 0.92 <= covered(simulate, np.sqrt(2 / np.pi)) <= 0.98


def test_the_area_is_covered() -> None:
    def simulate(random: np.random.Generator) -> Interval:
        positive = np.arange(120) < 40
        scores = norm.cdf(random.normal(0, 1, 120) + 1.0 * positive)
        return measured(binary(scores, positive.tolist()), "auc")

    assert 0.92 <= covered(simulate, norm.cdf(1 / np.sqrt(2))) <= 0.98


@pytest.mark.parametrize("excess", [0.0, 0.05, 0.15])
def test_the_expected_calibration_error_is_covered(excess: float) -> None:
    """Too sure by as much in every bin: the error that a model with endless rows would show."""

    def simulate(random: np.random.Generator) -> Interval:
        sure = random.uniform(0.7, 0.99, 400)
        right = random.random(400) < sure - excess
        return reliability(binary(sure.tolist(), right.tolist()).answers, 10, FEW).expected_error

    assert covered(simulate, excess) >= 0.92


def test_a_difference_of_shares_of_the_same_rows_is_covered() -> None:
    def simulate(random: np.random.Generator) -> Interval:
        gained, lost, _ = random.multinomial(150, [0.08, 0.03, 0.89])
        return matched(gained, lost, 150, 0.95)

    assert 0.92 <= covered(simulate, 0.05) <= 0.98


def test_wilson_by_hand() -> None:
    # 8 of 10, z = 1.959964: centre 0.716740, half width 0.226575 (Wilson 1927; also R's prop.test without correction)
    found = wilson(8, 10, 0.95)
    assert [found.value, found.low, found.high] == pytest.approx([0.8, 0.490162, 0.943318], rel=1e-5)


def test_all_right_is_not_certain() -> None:
    found = wilson(30, 30, 0.95)
    assert found.high == 1
    assert found.low == pytest.approx(30 / (30 + 1.959964**2))


def test_matched_by_hand() -> None:
    # (5 - 1) / 22 and 1.959964 sqrt((7 / 22 - (4 / 22)^2) / 22): half a row more in each of four cells
    found = matched(5, 1, 20, 0.95)
    assert found.value == 0.2
    half = 1.959964 * np.sqrt((7 / 22 - (4 / 22) ** 2) / 22)
    assert [found.low, found.high] == pytest.approx([4 / 22 - half, 4 / 22 + half])


def test_models_that_never_disagree_on_few_rows_are_not_certainly_equal() -> None:
    found = matched(0, 0, 20, 0.95)
    assert found.low is not None and found.low < -0.05


def test_bias_corrected_percentiles_of_an_unbiased_sample_are_percentiles() -> None:
    drawn = np.linspace(0, 1, 1001)
    found = bias_corrected(0.5, drawn, 0.9)
    assert [found.low, found.high] == pytest.approx([0.05, 0.95], abs=1e-3)


@pytest.mark.parametrize(
    "drawn", [np.ones(100), np.linspace(2, 3, 100), np.append(np.linspace(0, 2, 90), [np.nan] * 10)], ids=str
)
def test_no_bounds_without_spread_or_around_another_value_or_where_samples_can_not_tell(drawn: np.ndarray) -> None:
    found = bias_corrected(1.0, drawn, 0.95)
    assert (found.value, found.low, found.high) == (1.0, None, None)


def test_nine_rows_are_too_few_for_all_but_shares() -> None:
    found = intervals(every_kind(rows=9)["classes"], FEW)
    assert found["accuracy"].low is not None
    assert found["log_loss"].low is None


def test_a_perfect_model_has_no_bounds_of_its_f1() -> None:
    found = intervals(classes(np.eye(2)[[0, 1] * 10], ["a", "b"] * 10, "ab"), FEW)
    assert str(found["macro_f1"]) == "1"
    assert str(found["accuracy"]) == "1 (0.8389 to 1)"


def test_the_same_call_gives_the_same() -> None:
    for scored in every_kind().values():
        first, second = intervals(scored, FEW), intervals(scored, FEW)
        assert first == second
        for interval in first.values():
            assert interval.low is None or interval.low <= interval.value <= (interval.high or 0)
