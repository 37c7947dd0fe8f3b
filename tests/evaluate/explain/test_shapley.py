from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.evaluate.explain.shapley import shapley
from tasks.evaluate.explain.surrogate import surrogate_of_parts
from tests.evaluate.explain.games import additive, constant, glove

WEIGHTS = [0.3, -0.2, 0.0, 0.1, 0.05, -0.4]


def test_a_game_known_from_books() -> None:
    found = shapley(glove(), 200)
    assert found.base == 0
    assert found.weights == pytest.approx([2 / 3, 1 / 6, 1 / 6])


def test_parts_that_add_get_what_they_add() -> None:
    found = shapley(additive(WEIGHTS), 50)
    assert found.base == pytest.approx(0.5)
    assert found.weights == pytest.approx(WEIGHTS)


@settings(max_examples=20)
@given(st.lists(st.floats(-1, 1), min_size=1, max_size=15), st.integers(50, 120))
def test_base_and_weights_add_up_to_the_output(weights: list[float], evaluations: int) -> None:
    game = additive(weights)
    found = shapley(game, evaluations)
    assert found.base + found.weights.sum() == pytest.approx(game.output, abs=1e-6)


def test_many_parts_for_few_evaluations() -> None:
    weights = [0.01 * place for place in range(40)]
    assert shapley(additive(weights), 50).weights == pytest.approx(weights, abs=1e-6)


@pytest.mark.parametrize("parts", [0, 1])
def test_hardly_any_part(parts: int) -> None:
    assert shapley(additive([0.25] * parts), 50).weights == pytest.approx([0.25] * parts)
    assert len(surrogate_of_parts(additive([0.25] * parts)).weights) == parts


def test_nothing_is_made_of_a_model_that_looks_at_nothing() -> None:
    assert shapley(constant(6), 200).weights == pytest.approx([0] * 6, abs=1e-9)
    assert surrogate_of_parts(constant(6)).weights == pytest.approx([0] * 6, abs=1e-9)


def test_lime_finds_the_sign_and_order_of_parts() -> None:
    found = surrogate_of_parts(additive(WEIGHTS)).weights
    assert found.argsort().tolist() == [5, 1, 2, 4, 3, 0]
    assert found == pytest.approx(WEIGHTS, abs=0.03)  # its regression is ridged
