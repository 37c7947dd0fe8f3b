"""Noise for a target, and steps within one: enough, and hardly more than that."""

from __future__ import annotations

import math

import pytest

from infra.errors import BudgetError, RecipeError
from tasks.dp.accounting.mechanisms import Gaussian, Laplace, Mechanism, PrivateTraining
from tasks.dp.accounting.noise import noise_for, steps_within
from tasks.dp.accounting.spent import epsilon


@pytest.mark.parametrize(
    ("target", "count_noise", "group", "before"),
    [
        (1.0, 0.0, 1, ()),
        (0.2, 0.0, 1, ()),
        pytest.param(5.0, 0.0, 1, (), marks=pytest.mark.slow),
        (1.0, 20.0, 1, ()),
        pytest.param(3.0, 0.0, 2, (), marks=pytest.mark.slow),
        pytest.param(2.0, 0.0, 1, (Laplace(1.0),), marks=pytest.mark.slow),
    ],
)
def test_enough_noise_and_no_more(target: float, count_noise: float, group: int, before: tuple[Mechanism, ...]) -> None:
    noise = noise_for(target, 1e-5, 0.05, 60, count_noise, group, before)
    spent = epsilon([*before, PrivateTraining(0.05, 60, noise, count_noise, group)], 1e-5).pld
    assert 0.999 * target <= spent <= target
    less = epsilon([*before, PrivateTraining(0.05, 60, 0.998 * noise, count_noise, group)], 1e-5).pld
    assert less > target


def test_the_noise_of_a_full_batch_is_the_analytic_one() -> None:
    assert noise_for(1.0, 1e-5, 1.0, 1) == pytest.approx(3.7305, rel=2e-3)


def test_steps_within_a_target() -> None:
    steps = steps_within(1.0, 1e-5, 0.02, 1.5)
    assert epsilon(PrivateTraining(0.02, steps, 1.5), 1e-5).pld <= 1.0
    assert epsilon(PrivateTraining(0.02, steps + max(2, steps // 200), 1.5), 1e-5).pld > 1.0


def test_where_no_step_fits() -> None:
    assert steps_within(0.1, 1e-5, 1.0, 1.0) == 0
    assert steps_within(1.0, 1e-5, 0.1, 0.0) == 0
    assert steps_within(1.0, 1e-5, 0.02, 1.5, before=[Gaussian(3.0)]) == 0


def test_no_noise_helps_where_all_is_spent() -> None:
    with pytest.raises(BudgetError, match="no noise that keeps within it"):
        noise_for(1.0, 1e-5, 0.05, 100, before=[Gaussian(3.0)])
    with pytest.raises(BudgetError, match="more noise on that count"):
        noise_for(0.5, 1e-5, 0.05, 1000, count_noise=1.0)


@pytest.mark.parametrize("target", [0.0, -1.0, math.inf, math.nan])
def test_a_target_that_is_none(target: float) -> None:
    with pytest.raises(RecipeError, match=r"target epsilon: found .*; allowed: a number above 0"):
        noise_for(target, 1e-5, 0.05, 100)
    with pytest.raises(RecipeError, match="target epsilon"):
        steps_within(target, 1e-5, 0.05, 1.0)
