from __future__ import annotations

import numpy as np
import pytest

from tasks.evaluate.explain.faithfulness import FEW_ORDERS, curves, many_orders, mean_interval, of_row, of_rows
from tasks.evaluate.explain.game import Game, Masks, Values
from tests.evaluate.explain.games import additive, constant

WEIGHTS = [0.4, -0.3, 0.2, 0.1, -0.05, 0.02, 0.0]


def test_a_curve_by_hand() -> None:
    found = curves(additive([0.4, 0.2, 0.1], base=0.0), np.array([3.0, 2.0, 1.0]), orders=200)
    assert found.deletion == pytest.approx((0.3 + 0.1) / 2)  # without the first; without the first two
    assert found.random.min() == pytest.approx((0.3 + 0.1) / 2)
    assert found.random.max() == pytest.approx((0.6 + 0.4) / 2)
    assert found.random.mean() == pytest.approx(0.35, abs=0.02)  # half of what is there, in the mean


def test_the_true_weights_are_faithful_and_their_opposite_is_not() -> None:
    game = additive(WEIGHTS)
    right, wrong = of_row(game, np.array(WEIGHTS), 0.95), of_row(game, -np.array(WEIGHTS), 0.95)
    assert right is not None
    assert right.is_faithful
    assert right.gain.value == pytest.approx(right.random - right.deletion)
    assert wrong is not None
    assert not wrong.is_faithful
    assert wrong.gain.high is not None
    assert wrong.gain.high < 0


def test_noise_seldom_passes_for_one_row_and_not_for_many() -> None:
    game, random = additive(WEIGHTS), np.random.default_rng(5)
    noise = [random.normal(size=len(WEIGHTS)) for _ in range(300)]
    passed = [found.is_faithful for weights in noise if (found := of_row(game, weights, 0.95))]
    assert len(passed) == 300
    assert np.mean(passed) < 0.05
    studies = [of_rows([curves(game, w, FEW_ORDERS) for w in noise[at : at + 30]], 0.95) for at in range(0, 300, 30)]
    assert sum(study.is_faithful for study in studies) <= 1


def test_nothing_is_faithful_to_a_model_that_looks_at_nothing() -> None:
    found = of_row(constant(8), np.arange(8.0), 0.95)
    assert found is not None
    assert not found.is_faithful
    assert found.gain.value == pytest.approx(0)
    assert not of_rows([curves(constant(8), np.arange(8.0), FEW_ORDERS)] * 30, 0.95).is_faithful


def test_too_little_to_tell() -> None:
    assert of_row(additive([0.5, 0.1]), np.array([0.5, 0.1]), 0.95) is None
    found = of_rows([curves(additive(WEIGHTS), np.array(WEIGHTS), FEW_ORDERS)] * 4, 0.95)
    assert found.gain.low is None
    assert not found.is_faithful


def test_a_mean_has_its_bootstrap_interval() -> None:
    values = np.random.default_rng(3).normal(2.0, 1.0, 400)
    found = mean_interval(values, 0.95)
    assert found.low is not None
    assert found.high is not None
    half = 1.96 * values.std() / np.sqrt(len(values))
    assert found.value == pytest.approx(values.mean())
    assert (found.high - found.low) / 2 == pytest.approx(half, rel=0.1)


def test_as_many_orders_as_the_confidence_needs() -> None:
    assert many_orders(0.95) == 39
    assert many_orders(0.9) == 19


def test_a_coalition_is_asked_about_once() -> None:
    asked: list[Masks] = []
    game = additive(WEIGHTS)

    def play(masks: Masks) -> Values:
        asked.append(masks)
        return game.play(masks)

    counted = Game(game.parts, game.values, "output", play)
    mask = np.ones((3, len(WEIGHTS)), np.bool_)
    assert counted.worth(mask).tolist() == counted.worth(mask).tolist()
    assert [len(masks) for masks in asked] == [1]
