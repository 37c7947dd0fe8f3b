"""Regularised dropout, computed by hand."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

ONES = np.ones(1, np.float32)
LOG3 = math.log(3)


def loss(logits: Any, targets: Any, weights: Any, total: float, share: float) -> float:
    from tasks.fit.consistency import consistent
    from tasks.fit.losses import cross_entropy

    arrays = (np.asarray(logits, np.float32), np.asarray(targets, np.int32), np.asarray(weights, np.float32))
    return float(consistent(cross_entropy(), share)(*arrays, total))


def test_it_is_the_mean_over_views_and_their_divergence() -> None:
    logits = [[0.0, LOG3], [LOG3, 0.0]]  # one row, seen as (1/4, 3/4), then as (3/4, 1/4)
    divergence = (0.75 - 0.25) * LOG3  # the same in both directions

    assert loss(logits, [1], ONES, 1.0, share=0.0) == pytest.approx((math.log(4 / 3) + math.log(4)) / 2)
    assert loss(logits, [1], ONES, 1.0, share=2.0) == pytest.approx(
        (math.log(4 / 3) + math.log(4)) / 2 + 2.0 * divergence
    )


def test_views_that_agree_cost_nothing() -> None:
    one, two = [[0.0, LOG3], [1.0, -1.0]], [[0.0, LOG3], [1.0, -1.0]] * 2

    assert loss(two, [1, 0], [1, 1], 2.0, share=5.0) == pytest.approx(loss(one, [1, 0], [1, 1], 2.0, share=0.0))


def test_rows_that_fill_up_do_not_count() -> None:
    logits = [[0.0, LOG3], [3.0, -3.0], [LOG3, 0.0], [-3.0, 3.0]]

    assert loss(logits, [1, 0], [1, 0], 1.0, share=1.0) == pytest.approx(
        loss([logits[0], logits[2]], [1], [1], 1.0, share=1.0)
    )


@given(st.lists(st.floats(-5, 5), min_size=4, max_size=4))
def test_the_order_of_views_is_nothing(values: list[float]) -> None:
    first, second = values[:2], values[2:]

    one, other = (loss(pair, [0], ONES, 1.0, share=1.0) for pair in ([first, second], [second, first]))

    assert one == pytest.approx(other, rel=1e-4, abs=1e-5)


def test_a_batch_is_doubled_in_training_only() -> None:
    from tasks.model.views import TwoViews

    batch = np.array([[1, 2], [3, 4]], np.int32)

    assert TwoViews()(batch, training=True).numpy().tolist() == [[1, 2], [3, 4], [1, 2], [3, 4]]
    assert TwoViews()(batch, training=False).numpy().tolist() == batch.tolist()
