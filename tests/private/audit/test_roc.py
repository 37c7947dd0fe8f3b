from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.private.audit.roc import area_under, clopper_pearson, rate, roc

MEMBERS, OTHERS = np.array([3.0, 2.0, 1.0]), np.array([2.0, 0.0])


def test_the_area_is_how_often_a_member_scores_higher_and_half_of_the_ties() -> None:
    area, _ = area_under(MEMBERS, OTHERS)

    assert area == pytest.approx((2 + 1.5 + 1) / 6)


def test_the_error_of_the_area_is_that_of_many_drawings() -> None:
    random = np.random.default_rng(1)
    told = [area_under(random.normal(1, 1, 80), random.normal(0, 1, 50)) for _ in range(400)]
    areas, errors = np.array(told).T

    assert errors.mean() == pytest.approx(areas.std(), rel=0.15)


@given(st.lists(st.integers(-5, 5), min_size=1, max_size=30), st.lists(st.integers(-5, 5), min_size=1, max_size=30))
def test_the_area_agrees_with_scikit_learn(members: list[int], others: list[int]) -> None:
    from sklearn.metrics import roc_auc_score

    truth = [1] * len(members) + [0] * len(others)
    area, _ = area_under(np.array(members, float), np.array(others, float))

    assert area == pytest.approx(roc_auc_score(truth, members + others))


def test_the_threshold_lets_no_more_through_than_is_allowed() -> None:
    others = np.arange(100.0)
    members = np.array([98.5, 97.5, 50.0])

    assert rate(members, others, 0.01).true_positive_rate == pytest.approx(1 / 3)  # above all others but one
    assert rate(members, others, 0.001).true_positive_rate == 0.0  # of a hundred none may be wrong
    assert rate(members, others, 0.02).true_positive_rate == pytest.approx(2 / 3)


def test_equal_scores_are_all_let_through_or_none() -> None:
    assert rate(np.ones(10), np.ones(10), 0.5).true_positive_rate == 0.0
    assert rate(np.ones(10), np.ones(10), 1.0).true_positive_rate == 1.0


def test_the_interval_of_a_share_is_the_exact_one() -> None:
    assert clopper_pearson(0, 10) == pytest.approx((0.0, 1 - 0.025**0.1))
    assert clopper_pearson(10, 10) == pytest.approx((0.025**0.1, 1.0))


def test_the_curve_has_both_corners_and_rises() -> None:
    false, true = np.array(roc("loss", MEMBERS, OTHERS).curve).T

    assert false.tolist() == [0.0, 0.5, 1.0, 1.0]
    assert true == pytest.approx([1 / 3, 2 / 3, 1.0, 1.0])


def test_the_curve_of_many_scores_is_told_by_few_points() -> None:
    random = np.random.default_rng(2)
    told = roc("loss", random.normal(1, 1, 30_000), random.normal(0, 1, 20_000))
    false, true = np.array(told.curve).T

    assert len(told.curve) < 500
    assert (np.diff(false) >= 0).all() and (np.diff(true) >= 0).all()
    assert told.auc_low < told.auc < told.auc_high
    assert told.auc == pytest.approx(0.760, abs=0.01)  # the normal distribution's at 1 / sqrt(2)
