"""The noise has the distribution that is accounted for."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from tasks.dp.accounting.mechanisms import Gaussian, Guarantee
from tasks.dp.accounting.spent import epsilon as spent
from tasks.dp.statistics.noise import Noise, gaussian, laplace

DRAWS = 4000
CHANCE = 1e-6  # of a test that fails though nothing is wrong: the noise can't be seeded
NOISES = [laplace(0.5), laplace(0.5, rows=3), gaussian(1.0, 1e-6), gaussian(1.0, 1e-6, queries=4, rows=2)]


def draws(noise: Noise, places: int = 1) -> np.ndarray:
    return noise.add(np.zeros(DRAWS, np.int64), places=places)


@pytest.mark.parametrize("noise", NOISES)
def test_the_spread_is_as_stated(noise: Noise) -> None:
    found, scale = draws(noise, places=4), noise.scale(places=4)
    if noise.distribution == "laplace":  # 2 |x| / b has the chi-square distribution of 2 degrees of freedom
        statistic, freedom = 2 * np.abs(found).sum() / scale, 2 * DRAWS
    else:
        statistic, freedom = (found**2).sum() / scale**2, DRAWS
    assert CHANCE < stats.chi2(freedom).cdf(statistic) < 1 - CHANCE


@pytest.mark.parametrize("noise", NOISES)
def test_the_shape_is_as_stated(noise: Noise) -> None:
    family = stats.laplace if noise.distribution == "laplace" else stats.norm
    ends = family(scale=noise.scale()).ppf(np.linspace(0, 1, 21))
    observed, _ = np.histogram(draws(noise), np.nan_to_num(ends))
    assert stats.chisquare(observed).pvalue > CHANCE


@pytest.mark.parametrize("noise", NOISES)
@pytest.mark.parametrize("confidence", [0.95, 0.975])
def test_the_margin_holds_as_often_as_it_says(noise: Noise, confidence: float) -> None:
    inside = int((np.abs(draws(noise)) <= noise.margin(confidence=confidence)).sum())
    assert stats.binomtest(inside, DRAWS, confidence).pvalue > CHANCE


@pytest.mark.parametrize(("step", "places"), [(1, 1), (1, 4), (2**20, 1), (7, 3)])
def test_opendp_gives_the_same_proof(step: int, places: int) -> None:
    private = laplace(0.3, rows=2)
    assert private._measurement(step, places).map(2 * step * places) <= 0.3
    noisy = gaussian(1.0, 1e-5, rows=2)
    concentrated = noisy._measurement(step, places).map(2 * step * places**0.5)
    assert concentrated <= 1 / (2 * noisy.multiplier**2)
    assert concentrated == pytest.approx(1 / (2 * noisy.multiplier**2), rel=1e-4)


def test_what_is_accounted_for() -> None:
    assert laplace(0.5).spent == Guarantee(0.5)
    assert laplace(0.5, rows=3).spent == Guarantee(0.5)
    assert gaussian(1.0, 1e-6, queries=9).spent == Gaussian(3 * gaussian(1.0, 1e-6).multiplier)


@pytest.mark.parametrize("epsilon", [0.37, 1.0, 3.26, 12.64])
@pytest.mark.parametrize("queries", [1, 7])
def test_gaussian_queries_together_cost_what_was_asked_for_and_no_more(epsilon: float, queries: int) -> None:
    each = gaussian(epsilon, 1e-6, queries=queries).spent
    found = spent([each] * queries, 1e-6).pld
    assert epsilon * (1 - 1e-3) < found <= epsilon


def test_answers_lie_on_a_lattice_whatever_the_values() -> None:
    for values in ([0, 1, 10**9], [5, 5, 5]):
        answers = laplace(0.1).add(np.array(values)) * 2**16
        assert (answers == np.rint(answers)).all()


def test_values_come_back_when_there_is_hardly_any_noise() -> None:
    assert laplace(1e6).add(np.array([3, -4])) == pytest.approx([3, -4], abs=1e-3)
