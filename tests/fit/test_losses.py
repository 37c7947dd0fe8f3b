"""Losses, computed by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

ONES = np.ones(2, np.float32)


def test_cross_entropy_is_the_mean_over_rows_that_count() -> None:
    from tasks.fit.losses import cross_entropy

    logits = np.array([[0, math.log(3)], [5, 5], [9, -9]], np.float32)
    weights = np.array([1, 1, 0], np.float32)

    loss = cross_entropy()(logits, np.array([1, 0, 1]), weights, 4.0)  # four rows count, two of them elsewhere

    assert float(loss) == pytest.approx((math.log(4 / 3) + math.log(2)) / 4)


def test_smoothing_spreads_a_share_over_all_classes() -> None:
    from tasks.fit.losses import cross_entropy

    logits = np.array([[0, math.log(3)]], np.float32)  # probabilities 1/4 and 3/4

    loss = cross_entropy(0.2)(logits, np.array([1]), ONES[:1], 1.0)

    assert float(loss) == pytest.approx(-(0.1 * math.log(1 / 4) + 0.9 * math.log(3 / 4)))


def test_squared_error() -> None:
    from tasks.fit.losses import squared_error

    loss = squared_error(np.array([1.0, 5.0], np.float32), np.array([3.0, 4.0], np.float32), ONES, 2.0)

    assert float(loss) == pytest.approx((4 + 1) / 2)


def test_a_question_is_held_against_all_answers_of_the_batch() -> None:
    from tasks.fit.losses import contrastive

    units = np.eye(2, dtype=np.float32)

    loss = contrastive(0.5)((units, units), np.array([0, 1]), ONES, 2.0)  # scores 2 for the own answer, 0 else

    assert float(loss) == pytest.approx(math.log(1 + math.exp(-2)), rel=1e-4)


def test_equal_answers_and_rows_that_fill_up_are_no_negatives() -> None:
    from tasks.fit.losses import contrastive

    units = np.eye(3, dtype=np.float32)
    weights = np.array([1, 1, 0], np.float32)

    assert float(contrastive(0.5)((units, units), np.array([4, 4, 5]), weights, 2.0)) == pytest.approx(0.0, abs=1e-6)
