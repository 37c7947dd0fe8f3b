"""Losses, computed by hand."""

from __future__ import annotations

import math
from typing import get_args

import numpy as np
import pytest

from tasks.fit.config import LOSSES, LossName, LossOptions
from tasks.options import HeadKind, Task

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


def test_focal_loss_looks_away_from_what_is_right_already() -> None:
    from tasks.fit.losses import cross_entropy, focal

    logits = np.array([[0, math.log(3)], [math.log(9), 0]], np.float32)  # 3/4 for the right class, 9/10 for the right
    classes = np.array([1, 0])

    loss = focal(2.0)(logits, classes, ONES, 2.0)

    assert float(loss) == pytest.approx((-(0.25**2) * math.log(0.75) - 0.1**2 * math.log(0.9)) / 2, rel=1e-5)
    smooth = (focal(0.0, 0.2)(logits, classes, ONES, 2.0), cross_entropy(0.2)(logits, classes, ONES, 2.0))
    assert float(smooth[0]) == pytest.approx(float(smooth[1]), rel=1e-5)


def test_log_loss_is_the_mean_over_labels() -> None:
    from tasks.fit.losses import binary_cross_entropy, binary_focal

    logits = np.array([[math.log(3), 0.0], [9.0, 9.0]], np.float32)  # probabilities 3/4 and 1/2; a row that fills up
    truth, weights = np.array([[1, 0], [0, 0]], np.int32), np.array([1, 0], np.float32)

    loss = binary_cross_entropy()(logits, truth, weights, 1.0)
    smooth = binary_cross_entropy(0.2)(logits, truth, weights, 1.0)
    looking_away = binary_focal(2.0)(logits, truth, weights, 1.0)

    assert float(loss) == pytest.approx((-math.log(0.75) - math.log(0.5)) / 2, rel=1e-5)
    assert float(smooth) == pytest.approx((-0.9 * math.log(0.75) - 0.1 * math.log(0.25) - math.log(0.5)) / 2, rel=1e-5)
    assert float(looking_away) == pytest.approx((-(0.25**2) * math.log(0.75) - 0.5**2 * math.log(0.5)) / 2, rel=1e-5)


def test_pairwise_ranking_with_and_without_a_margin() -> None:
    from tasks.fit.losses import pairwise_ranking

    scores = np.array([[math.log(3), 0.0, math.log(3)], [2.0, 0.0, 1.5]], np.float32)
    weights = np.array([2, 1], np.float32)

    smooth = pairwise_ranking()(scores[:1], None, weights[:1], 4.0)
    with_margin = pairwise_ranking(1.0)(scores[1:], None, weights[1:], 1.0)

    assert float(smooth) == pytest.approx(2 * (-math.log(0.75) - math.log(0.5)) / 2 / 4, rel=1e-5)
    assert float(with_margin) == pytest.approx((0.0 + 0.5) / 2)


@pytest.mark.parametrize(
    ("kind", "options", "named"),
    [
        ("text_classification", {}, "cross_entropy"),
        ("tabular_classification", {"name": "focal"}, "focal"),
        ("text_retrieval", {}, "contrastive"),
        ("rating_prediction", {}, "squared_error"),
        ("item_ranking", {}, "pairwise_ranking"),
        ("multi_label", {}, "binary_cross_entropy"),
        ("multi_label", {"name": "focal"}, "binary_focal"),
    ],
)
def test_each_task_has_its_losses(kind: str, options: dict[str, str], named: str) -> None:
    from tasks.fit.losses import build_loss

    assert named in build_loss(kind, LossOptions.model_validate(options)).__qualname__.split(".")[0]


def test_every_task_and_kind_of_head_has_a_loss() -> None:
    told_by_heads = {"text_heads"}

    assert set(get_args(Task)) - told_by_heads | set(get_args(HeadKind)) <= set(LOSSES)
    assert {name for names in LOSSES.values() for name in names} == set(get_args(LossName)) - {""}
