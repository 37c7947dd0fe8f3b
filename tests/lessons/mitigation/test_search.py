"""Thresholds against all thresholds that there are."""

from __future__ import annotations

from itertools import product
from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.lessons.mitigation.config import Constraint
from tasks.lessons.mitigation.search import Curve, alike, group_curve

ROWS = st.lists(st.tuples(st.integers(-9, 9), st.booleans()), min_size=1, max_size=7)


def curve(scores: list[float], flags: list[bool], constraint: Constraint = "equalized_odds") -> Curve:
    return group_curve(np.array(scores, np.float64), np.array(flags), np.ones(len(flags)), constraint)


def test_a_curve_by_hand() -> None:
    found = curve([1.0, 2.0, 4.0], [False, True, True])

    assert found.thresholds.tolist() == [-np.inf, 1.5, 3.0, np.inf]
    assert found.right.tolist() == [2.0, 3.0, 2.0, 1.0]
    assert found.rates.tolist() == [[1.0, 1.0], [0.0, 1.0], [0.0, 0.5], [0.0, 0.0]]


def test_a_row_counts_by_its_weight() -> None:
    found = group_curve(np.array([1.0, 2.0]), np.array([False, True]), np.array([3.0, 1.0]), "demographic_parity")

    assert found.right.tolist() == [1.0, 4.0, 3.0]
    assert found.rates.tolist() == [[1.0], [0.25], [0.0]]


def test_groups_whose_scores_are_shifted_get_thresholds_of_their_own() -> None:
    scores, flags = [0.0, 1.0, 2.0, 3.0], [False, False, True, True]

    found = alike([curve(scores, flags), curve([10 + score for score in scores], flags)], slack=0.01)

    assert found == [1.5, 11.5]


@pytest.mark.parametrize("constraint", get_args(Constraint))
@given(groups=st.lists(ROWS, min_size=2, max_size=3), slack=st.sampled_from([0.05, 0.3, 0.6]))
@settings(max_examples=40)
def test_nothing_within_the_slack_is_better(
    constraint: Constraint, groups: list[list[tuple[int, bool]]], slack: float
) -> None:
    whole = [[*rows, (0, True), (0, False)] for rows in groups]
    curves = [curve([float(score) for score, _ in rows], [flag for _, flag in rows], constraint) for rows in whole]

    found = alike(curves, slack)

    def looked_up(thresholds: tuple[float, ...]) -> tuple[float, float]:
        """Rows that are right, and how far rates are apart."""
        places = [
            int(np.flatnonzero(each.thresholds == value)[0]) for each, value in zip(curves, thresholds, strict=True)
        ]
        rates = np.array([each.rates[place] for each, place in zip(curves, places, strict=True)])
        right = sum(each.right[place] for each, place in zip(curves, places, strict=True))
        return float(right), float(np.ptp(rates, axis=0).max())

    right, apart = looked_up(tuple(found))
    assert apart <= slack + 1e-8
    every = [looked_up(thresholds) for thresholds in product(*(each.thresholds for each in curves))]
    assert right == max(count for count, far in every if far <= slack + 1e-9)
