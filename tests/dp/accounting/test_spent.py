"""Epsilon of what ran: known values, bounds on both sides, and what can't be."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, stats

from infra.errors import RecipeError
from tasks.dp.accounting.mechanisms import Gaussian, Guarantee, Laplace, Mechanism, PrivateTraining
from tasks.dp.accounting.spent import check_delta, epsilon

TEXTBOOK = PrivateTraining(sampling_rate=256 / 60_000, steps=14_062, noise_multiplier=1.12)


def exact_gaussian_epsilon(noise: float, delta: float) -> float:
    """By the analytic Gaussian mechanism (Balle and Wang 2018, theorem 8)."""

    def excess(eps: float) -> float:
        a, b = 0.5 / noise - eps * noise, -0.5 / noise - eps * noise
        return float(stats.norm.cdf(a) - math.exp(eps) * stats.norm.cdf(b) - delta)

    return float(optimize.brentq(excess, 0.0, 200.0))


def test_the_textbook_setting() -> None:
    spent = epsilon(TEXTBOOK, 1e-5)
    assert (round(spent.pld, 2), round(spent.rdp, 2)) == (2.31, 2.52)
    assert spent.pld == pytest.approx(2.3102, abs=5e-4)


@pytest.mark.parametrize(("noise", "count", "delta"), [(3.7305, 1, 1e-5), (1.0, 1, 1e-6), (4.0, 25, 1e-5)])
def test_gaussian_noise_is_exact(noise: float, count: int, delta: float) -> None:
    exact = exact_gaussian_epsilon(noise / math.sqrt(count), delta)
    assert exact <= epsilon(Gaussian(noise, count), delta).pld <= exact * 1.002


def test_the_exact_sigma_at_epsilon_one_and_not_the_classical() -> None:
    assert epsilon(Gaussian(3.731), 1e-5).pld == pytest.approx(1.0, abs=2e-3)
    assert epsilon(Gaussian(4.845), 1e-5).pld < 0.76


def test_a_batch_of_all_rows_is_no_sample() -> None:
    training = PrivateTraining(sampling_rate=1.0, steps=25, noise_multiplier=4.0)
    assert epsilon(training, 1e-5).pld == pytest.approx(epsilon(Gaussian(4.0, 25), 1e-5).pld, rel=2e-3)


def test_sampling_is_told_by_a_monte_carlo_free_bound() -> None:
    """One step: delta(eps) of the subsampled Gaussian is known in closed form; epsilon must give it back."""
    rate, noise, eps = 0.1, 1.0, 1.0
    inner = math.log1p((math.exp(eps) - 1.0) / rate)  # privacy amplification, removal: Balle et al. 2018, theorem 8
    a, b = 0.5 / noise - inner * noise, -0.5 / noise - inner * noise
    delta = rate * float(stats.norm.cdf(a) - math.exp(inner) * stats.norm.cdf(b))
    assert epsilon(PrivateTraining(rate, 1, noise), delta).pld == pytest.approx(eps, rel=2e-3)


def test_pure_guarantees_add_up_or_less() -> None:
    assert epsilon(Laplace(2.0), 1e-9).pld == pytest.approx(0.5, abs=1e-4)
    assert epsilon(Guarantee(0.5), 1e-9).pld == pytest.approx(0.5, abs=1e-4)
    many = epsilon([Guarantee(0.1)] * 100, 1e-6).pld
    assert many < 100 * 0.1
    assert epsilon(Guarantee(0.5, 1e-7), 1e-6).pld == pytest.approx(0.5, abs=1e-4)


def test_a_guarantee_whose_delta_is_above_what_is_asked_bounds_nothing() -> None:
    assert epsilon(Guarantee(0.5, 1e-5), 1e-6).pld == math.inf
    assert epsilon([Guarantee(0.1, 4e-6)] * 3, 1e-5).pld == math.inf


def test_nothing_spends_nothing_and_no_noise_spends_all() -> None:
    assert epsilon([], 1e-6).pld == 0.0
    assert epsilon(PrivateTraining(0.1, 0, 1.0), 1e-6).pld == 0.0
    for bare in (PrivateTraining(0.1, 1, 0.0), Laplace(0.0), Gaussian(0.0)):
        spent = epsilon([Gaussian(5.0), bare], 1e-6)
        assert spent.pld == spent.rdp == math.inf


def test_noise_on_a_count_costs_as_theorem_1_says() -> None:
    """Of 1/z^2 = 1/z_sum^2 + 1/(2 s)^2: with z_sum = 5/3 and s = 5/8, z is exactly 1."""
    both = PrivateTraining(0.02, 100, 5 / 3, count_noise=5 / 8)
    assert both.effective_noise == pytest.approx(1.0)
    assert epsilon(both, 1e-5).pld == pytest.approx(epsilon(PrivateTraining(0.02, 100, 1.0), 1e-5).pld, rel=1e-6)


MECHANISMS: st.SearchStrategy[Mechanism] = st.one_of(
    st.builds(
        PrivateTraining,
        sampling_rate=st.floats(0.005, 0.2),
        steps=st.integers(1, 60),
        noise_multiplier=st.floats(0.8, 5.0),
    ),
    st.builds(Gaussian, noise=st.floats(1.5, 10.0)),
    st.builds(Laplace, noise=st.floats(2.0, 20.0)),
    st.builds(Guarantee, epsilon=st.floats(0.01, 0.3)),
)


@settings(max_examples=4)
@given(st.lists(MECHANISMS, min_size=2, max_size=3), st.sampled_from([1e-5, 1e-7]))
def test_together_is_never_above_the_sum(mechanisms: list[Mechanism], delta: float) -> None:
    """Basic composition: the epsilons at deltas that add up to `delta` bound the whole (Dwork and Roth 2014)."""
    together = epsilon(mechanisms, delta)
    parts = [epsilon(mechanism, delta / len(mechanisms)).pld for mechanism in mechanisms]
    assert together.pld <= sum(parts) + 1e-3
    assert together.pld >= max(epsilon(mechanism, delta).pld for mechanism in mechanisms) - 1e-3
    assert together.pld <= together.rdp


@settings(max_examples=3)
@given(st.floats(0.005, 0.1), st.integers(1, 50), st.floats(0.8, 4.0))
def test_more_noise_or_fewer_steps_spend_less(rate: float, steps: int, noise: float) -> None:
    spent = epsilon(PrivateTraining(rate, steps, noise), 1e-5).pld
    assert epsilon(PrivateTraining(rate, steps, noise * 1.5), 1e-5).pld <= spent
    assert epsilon(PrivateTraining(rate, 2 * steps, noise), 1e-5).pld >= spent


@pytest.mark.parametrize("delta", [0.0, 1.0, -1e-5, math.nan])
def test_a_delta_that_is_none(delta: float) -> None:
    with pytest.raises(RecipeError, match=r"privacy: delta: found .* allowed: above 0 and below 1"):
        epsilon(Gaussian(1.0), delta)


@pytest.mark.parametrize(("delta", "rows"), [(0.001, 1000), (0.01, 1000), (0.0, 1000)])
def test_a_delta_at_which_publishing_a_row_would_be_private(delta: float, rows: int) -> None:
    with pytest.raises(RecipeError, match=r"with 1000 rows; allowed: above 0 and below 1/1000"):
        check_delta(delta, rows)
    check_delta(0.0009, rows)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: PrivateTraining(0.0, 1, 1.0), "sampling rate: found 0;"),
        (lambda: PrivateTraining(1.5, 1, 1.0), "sampling rate: found 1.5;"),
        (lambda: PrivateTraining(math.nan, 1, 1.0), "sampling rate: found nan;"),
        (lambda: PrivateTraining(0.1, -1, 1.0), "steps: found -1;"),
        (lambda: PrivateTraining(0.1, 1, -1.0), "noise multiplier: found -1;"),
        (lambda: PrivateTraining(0.1, 1, math.inf), "noise multiplier: found inf;"),
        (lambda: PrivateTraining(0.1, 1, 1.0, -1.0), "noise of the count: found -1;"),
        (lambda: PrivateTraining(0.1, 1, 1.0, group_size=0), "rows a person: found 0;"),
        (lambda: Guarantee(-1.0), "epsilon: found -1;"),
        (lambda: Guarantee(1.0, 1.0), "delta: found 1;"),
        (lambda: Laplace(1.0, 0), "number of queries: found 0;"),
    ],
)
def test_mechanisms_that_can_not_be(make: object, message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        make()  # type: ignore[operator]
