from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.private.audit.one_run import PLANS, Plan, audit, lower_bound, p_value, provable


def test_guesses_that_are_all_correct_refute_what_chance_would_rarely_reach() -> None:
    chance = 0.05 ** (1 / 100)  # of one guess, so that a hundred are right in 5 % of trainings

    assert lower_bound(100, 100, 100, 0.0, 0.95) == pytest.approx(math.log(chance / (1 - chance)), abs=1e-6)


def test_the_published_example_of_half_of_all_guesses_correct_tells_nothing() -> None:
    assert lower_bound(500, 1000, 1000, 1e-5, 0.95) == 0.0


def test_without_a_guess_nothing_is_told() -> None:
    assert lower_bound(0, 0, 1000, 1e-5, 0.95) == 0.0


def test_delta_is_added_by_the_theorem_as_summed_term_by_term() -> None:
    guesses, correct, canaries, delta, chance = 4, 3, 10, 0.01, 1 / (1 + math.exp(-1.0))
    pmf = [math.comb(guesses, k) * chance**k * (1 - chance) ** (guesses - k) for k in range(guesses + 1)]
    steepest = max(pmf[2], (pmf[2] + pmf[1]) / 2, (pmf[2] + pmf[1] + pmf[0]) / 3)

    expected = pmf[3] + pmf[4] + 2 * canaries * delta * steepest
    assert p_value(correct, guesses, canaries, 1.0, delta) == pytest.approx(expected)


def test_more_guesses_than_canaries_are_refused() -> None:
    with pytest.raises(ValueError, match="3 of 12 guesses about 10 canaries"):
        p_value(3, 12, 10, 1.0, 0.0)


@settings(max_examples=40)
@given(st.integers(1, 300), st.data())
def test_the_bound_grows_with_correct_guesses_and_falls_with_delta_and_confidence(
    guesses: int, data: st.DataObject
) -> None:
    correct = data.draw(st.integers(0, guesses - 1))
    bound = lower_bound(correct, guesses, 300, 1e-5, 0.95)

    assert bound <= lower_bound(correct + 1, guesses, 300, 1e-5, 0.95) + 1e-9
    assert bound <= lower_bound(correct, guesses, 300, 0.0, 0.95) + 1e-9
    assert bound >= lower_bound(correct, guesses, 300, 1e-5, 0.99) - 1e-9


@pytest.mark.parametrize("epsilon", [0.5, 1.0, 3.0])
def test_randomised_response_is_not_refuted_and_nearly_reached(epsilon: float) -> None:
    """An answer that is the coin's own side with chance e^eps / (1 + e^eps) is exactly (eps, 0)-private."""
    random = np.random.default_rng(11)
    included = random.random((300, 1000)) < 0.5
    told = included ^ (random.random(included.shape) > 1 / (1 + math.exp(-epsilon)))
    all_guessed = (Plan(0.5, 0.5),)
    bounds = np.array(
        [audit(score + 1e-3 * random.random(1000), coin, 0.0, 0.95, all_guessed).epsilon_lower
         for score, coin in zip(told.astype(float), included, strict=True)]
    )  # fmt: skip

    assert np.mean(bounds > epsilon) <= 0.08  # 5 % and what chance adds to it in 300 trainings
    assert np.median(bounds) > 0.7 * epsilon


def test_scores_by_chance_are_rarely_held_against_a_training_though_all_plans_are_tried() -> None:
    random = np.random.default_rng(5)
    told = [audit(random.random(500), random.random(500) < 0.5, 1e-5, 0.95).epsilon_lower for _ in range(200)]

    assert np.mean(np.array(told) > 0) <= 0.08


def test_traces_that_few_canaries_leave_show_in_the_highest_scores() -> None:
    included = np.arange(1000) % 2 == 0
    scores = np.random.default_rng(3).random(1000)
    scores[included.nonzero()[0][:30]] += 5.0  # thirty that were in, beyond doubt; the others tell nothing

    found = audit(scores, included, 1e-5, 0.95)

    assert found.plan == PLANS[0]
    assert (found.guesses, found.correct) == (20, 20)
    assert found.epsilon_lower > 1.0


def test_what_can_be_proved_is_what_canaries_beyond_doubt_prove() -> None:
    included = np.arange(1000) % 2 == 0

    found = audit(included.astype(float), included, 1e-5, 0.95)

    assert found.correct == 1000
    assert found.epsilon_lower == provable(1000, 1e-5, 0.95)
