"""Persons with several rows: the mixture against dp_accounting at one row, against closed forms, against sampling."""

from __future__ import annotations

import math

import dp_accounting
import numpy as np
import pytest
from dp_accounting.pld import privacy_loss_distribution
from dp_accounting.rdp import RdpAccountant
from scipy import stats

from tasks.dp.accounting.groups import group, group_loss
from tasks.dp.accounting.mechanisms import Gaussian, PrivateTraining
from tasks.dp.accounting.spent import epsilon


@pytest.mark.parametrize(
    ("rate", "noise"),
    [pytest.param(0.01, 1.0, marks=pytest.mark.slow), pytest.param(0.3, 0.7, marks=pytest.mark.slow), (0.5, 5.0)],
)
def test_a_person_of_one_row_is_a_row(rate: float, noise: float) -> None:
    ours = group_loss(group(rate, noise, 1), 1e-3)
    theirs = privacy_loss_distribution.from_gaussian_mechanism(
        noise, sampling_prob=rate, value_discretization_interval=1e-3
    )
    grid = [0.0, 0.01, 0.1, 0.5, 1.0, 2.0, 4.0]
    np.testing.assert_allclose(ours.get_delta_for_epsilon(grid), theirs.get_delta_for_epsilon(grid), atol=1e-12)
    assert ours.self_compose(200).get_epsilon_for_delta(1e-5) == pytest.approx(
        theirs.self_compose(200).get_epsilon_for_delta(1e-5), rel=1e-6
    )


@pytest.mark.parametrize("order", [1.1, 2.0, 8.0, 64.0])
def test_the_renyi_divergence_of_one_row(order: float) -> None:
    step = dp_accounting.PoissonSampledDpEvent(0.01, dp_accounting.GaussianDpEvent(1.0))
    assert group(0.01, 1.0, 1).renyi(order) == pytest.approx(RdpAccountant([order]).compose(step).rdp[0], rel=1e-6)


def test_all_rows_in_every_step_move_the_sum_by_their_number() -> None:
    person = PrivateTraining(sampling_rate=1.0, steps=1, noise_multiplier=8.0, group_size=4)
    assert epsilon(person, 1e-5).pld == pytest.approx(epsilon(Gaussian(2.0), 1e-5).pld, rel=1e-3)


@pytest.mark.parametrize("size", [2, pytest.param(5, marks=pytest.mark.slow)])
def test_between_one_row_and_all_rows_at_once(size: int) -> None:
    rate, steps, noise = 0.02, 50, 2.0
    person = epsilon(PrivateTraining(rate, steps, noise, group_size=size), 1e-5)
    one = epsilon(PrivateTraining(rate, steps, noise), 1e-5)
    # all of a person's rows or none, which tells more: 1 - (1 - q)^k as the rate, k clip norms
    lumped = epsilon(PrivateTraining(1 - (1 - rate) ** size, steps, noise / size), 1e-5)
    assert one.pld < person.pld < lumped.pld
    assert person.pld <= person.rdp


def test_one_step_against_numbers_drawn() -> None:
    """Hockey-stick divergence of binomial sums with noise, by a sample of the mixture: within 5 standard errors."""
    rate, noise, size, eps, draws = 0.3, 1.0, 3, 0.5, 400_000
    random = np.random.default_rng(7)
    mixture = group(rate, noise, size)
    removed = random.binomial(size, rate, draws) + random.normal(0.0, noise, draws)
    kept = np.maximum(0.0, 1.0 - np.exp(eps - mixture.log_ratio(removed)))
    added = np.maximum(0.0, 1.0 - np.exp(eps + mixture.log_ratio(random.normal(0.0, noise, draws))))
    divergences = [sample.mean() for sample in (kept, added)]
    error = max(sample.std() for sample in (kept, added)) / math.sqrt(draws)
    assert group_loss(mixture, 1e-3).get_delta_for_epsilon(eps) == pytest.approx(max(divergences), abs=5 * error)


def test_the_ratio_is_that_of_the_densities_and_its_inverse_is_one() -> None:
    mixture = group(0.25, 0.8, 3)
    x = np.linspace(-3.0, 6.0, 50)
    density = stats.norm.pdf(x[:, None], np.arange(4), 0.8) @ stats.binom.pmf(np.arange(4), 3, 0.25)
    np.testing.assert_allclose(np.exp(mixture.log_ratio(x)), density / stats.norm.pdf(x, 0, 0.8), rtol=1e-10)
    np.testing.assert_allclose(mixture.where(mixture.log_ratio(x[20:])), x[20:], atol=1e-8)
