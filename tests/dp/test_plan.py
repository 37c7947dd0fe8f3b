"""What a private training is to run."""

from __future__ import annotations

import math
from typing import Any

import pytest

from infra.errors import RecipeError
from tasks.dp.accounting.mechanisms import Guarantee, Mechanism
from tasks.dp.accounting.spent import epsilon
from tasks.dp.config import PrivacyOptions
from tasks.dp.plan import PrivatePlan, automatic_delta, plan_training, spent_on_features


def plan(
    batch: int = 100,
    epochs: int = 3,
    rows: int = 1000,
    persons: int = 0,
    preprocessing_mechanisms: tuple[Mechanism, ...] = (),
    **options: object,
) -> PrivatePlan:
    privacy = PrivacyOptions.model_validate({"preprocessing": "public", **options})
    return plan_training(privacy, batch, epochs, rows, persons or rows, preprocessing_mechanisms)


def test_rate_steps_and_delta_by_hand() -> None:
    made = plan(batch=300, noise_multiplier=2.0)
    assert (made.mechanism.sampling_rate, made.mechanism.steps) == (0.3, 10)
    assert made.delta == pytest.approx(1 / (1000 * math.log(1000)))
    assert made.batch_size == 300
    assert plan(batch=5000, noise_multiplier=2.0).mechanism.sampling_rate == 1.0


def test_the_textbook_setting() -> None:
    made = plan(batch=256, epochs=60, rows=60_000, noise_multiplier=1.12, delta=1e-5)
    assert made.mechanism.steps in (14_062, 14_063)


def test_the_noise_keeps_within_the_target_and_not_far_below() -> None:
    made = plan(target_epsilon=2.0)
    assert 1.99 < epsilon(made.mechanism, made.delta).pld <= 2.0


def test_the_noise_on_the_count_is_part_of_the_whole() -> None:
    adaptive = plan(noise_multiplier=2.0, adaptive={"quantile": 0.5})
    assert adaptive.mechanism.count_noise == 5.0  # a twentieth of 100 rows
    assert adaptive.mechanism.noise_multiplier > 2.0
    assert adaptive.mechanism.effective_noise == pytest.approx(2.0)


def test_a_person_with_several_rows_spends_more() -> None:
    alone, several = (
        plan(noise_multiplier=2.0, unit="user", user="who", rows_per_user=most, persons=500) for most in (1, 3)
    )
    assert (alone.mechanism.group_size, several.mechanism.group_size) == (1, 3)
    assert several.delta == alone.delta == pytest.approx(1 / (500 * math.log(500)))
    assert epsilon(several.mechanism, 1e-4).rdp > 2 * epsilon(alone.mechanism, 1e-4).rdp


def test_what_preprocessing_spends_is_left_for_it() -> None:
    whole: dict[str, Any] = {"batch": 1000, "target_epsilon": 0.5}
    spent = {**whole, "preprocessing": "spent", "classes": ["a", "b"]}
    before = (Guarantee(0.05, 1e-6), Guarantee(0.05))
    made = plan(**spent, preprocessing_mechanisms=before)
    assert made.mechanisms == (*before, made.mechanism)
    assert 0.499 < epsilon(made.mechanisms, made.delta).pld <= 0.5
    assert made.mechanism.noise_multiplier > plan(**whole).mechanism.noise_multiplier
    with pytest.raises(RecipeError, match="preprocessing: found spent with 0 statistics"):
        plan(**spent)
    with pytest.raises(RecipeError, match="preprocessing: found public with 2 statistics"):
        plan(target_epsilon=2.0, preprocessing_mechanisms=before)


def test_what_preprocessing_may_spend_by_hand() -> None:
    options = PrivacyOptions(target_epsilon=2, preprocessing="public")
    assert list(spent_on_features(options, 1e-4)) == pytest.approx([0.2, 1e-6])


@pytest.mark.parametrize("delta", [1e-3, 0.5])
def test_a_delta_of_one_over_n_is_refused(delta: float) -> None:
    with pytest.raises(RecipeError, match=r"delta: found .* with 1000 rows; allowed: above 0 and below 1/1000"):
        plan(target_epsilon=1.0, delta=delta)


def test_below_1_over_n_for_any_n() -> None:
    assert all(automatic_delta(n) < 1 / n for n in range(3, 2000))
    with pytest.raises(RecipeError, match="found 2 to learn from; allowed: three or more"):
        automatic_delta(2)


def test_a_count_that_tells_more_than_all_is_refused() -> None:
    with pytest.raises(RecipeError, match=r"count_noise: found 0\.4; allowed: above half of the noise multiplier 1"):
        plan(noise_multiplier=1.0, adaptive={"quantile": 0.5, "count_noise": 0.4})
