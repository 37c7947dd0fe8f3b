"""Tests of no difference, by hand, by others' code, and by how often they err where there is none."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import mannwhitneyu, norm

from tasks.evaluate.comparison.tests import _placements, delong, mcnemar, resampled_p


def test_mcnemar_by_hand() -> None:
    first = np.array([True] * 6 + [False] * 1 + [True] * 5)
    second = np.array([False] * 6 + [True] * 1 + [True] * 5)
    # Of 7 rows that one alone got right, 6 or more on one side: 2 (7 + 1) / 2^7.
    assert mcnemar(first, second) == pytest.approx(2 * 8 / 128)


def test_mcnemar_without_a_row_that_one_alone_got_right() -> None:
    assert mcnemar(np.array([True, False]), np.array([True, False])) == 1.0


def test_placements_are_the_area() -> None:
    random = np.random.default_rng(1)
    scores, positive = random.integers(0, 6, 40).astype(np.float64), random.random(40) < 0.4
    below, above = _placements(scores, positive)
    statistic = mannwhitneyu(scores[positive], scores[~positive]).statistic
    assert below.mean() == pytest.approx(statistic / (positive.sum() * (~positive).sum()))
    assert above.mean() == pytest.approx(below.mean())


def test_delong_by_hand() -> None:
    positive = np.array([True, True, False, False])
    # First: 3 and 2 above 1 and 0: placements 1, 1 | 1, 1. Second: 3 and 1 against 2 and 0: 1, 1/2 | 1/2, 1.
    # Differences of these 0, 1/2 | 1/2, 0, of variance 1/8 each, so z = 1/4 / sqrt(1/16 + 1/16).
    found = delong(np.array([3.0, 2, 1, 0]), np.array([3.0, 1, 2, 0]), positive)
    assert found == pytest.approx(2 * norm.sf(1 / np.sqrt(2)))


def test_delong_without_enough_rows_or_without_a_difference() -> None:
    scores = np.array([0.1, 0.9, 0.4])
    assert delong(scores, scores, np.array([False, True, False])) is None
    positive = np.array([False, True, False, True])
    assert delong(np.arange(4.0), np.arange(4.0), positive) == 1.0


@pytest.mark.parametrize("test", ["mcnemar", "delong"])
def test_equal_models_are_told_apart_as_often_as_chance_has_it(test: str) -> None:
    random = np.random.default_rng(2)

    def p_value() -> float:
        positive = np.arange(150) < 60
        shared = random.normal(0, 1, 150) + positive
        first, second = (shared + random.normal(0, 0.7, 150) for _ in range(2))
        if test == "delong":
            return delong(first, second, positive) or 0.0
        return mcnemar((first > 0.5) == positive, (second > 0.5) == positive)

    share = np.mean([p_value() < 0.05 for _ in range(400)])
    assert (0.02 <= share <= 0.08) if test == "delong" else share <= 0.07  # McNemar's exact test is on the safe side


def test_a_resampled_p_value_by_hand() -> None:
    assert resampled_p(np.array([1.0] * 98 + [-1.0])) == pytest.approx(2 * 2 / 100)
    assert resampled_p(np.zeros(99)) == 1.0
    assert resampled_p(np.full(9, np.nan)) is None
