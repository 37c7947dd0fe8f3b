"""How much Gaussian noise an epsilon and a delta ask for."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.dp.accounting.mechanisms import Gaussian
from tasks.dp.accounting.spent import epsilon as spent
from tasks.dp.statistics.gaussian import gaussian_delta, gaussian_deviation
from tasks.dp.statistics.noise import _LATTICE, _WIDER


def test_the_exact_deviation_is_below_the_textbooks() -> None:
    assert math.sqrt(2 * math.log(1.25 / 1e-5)) == pytest.approx(4.845, abs=5e-4)
    assert gaussian_deviation(1.0, 1e-5) == pytest.approx(3.731, abs=5e-4)


@pytest.mark.parametrize("epsilon", [0.01, 0.5, 1.0, 4.0, 30.0])
@pytest.mark.parametrize("delta", [1e-3, 1e-6, 1e-10])
def test_the_accountant_agrees(epsilon: float, delta: float) -> None:
    # Its grid of losses is 1e-4 or coarser by tens, and it rounds up.
    assert spent(Gaussian(gaussian_deviation(epsilon, delta)), delta).pld == pytest.approx(epsilon, rel=1e-3)


@given(st.floats(1e-6, 100), st.floats(1e-12, 0.1))
def test_it_is_the_smallest_that_keeps_delta(epsilon: float, delta: float) -> None:
    deviation = gaussian_deviation(epsilon, delta)
    assert gaussian_delta(deviation, epsilon) <= delta
    assert gaussian_delta(deviation * 0.999, epsilon) > delta


@pytest.mark.parametrize(("epsilon", "delta"), [(0.5, 1e-6), (1.0, 1e-5), (1.0, 1e-9), (5.0, 1e-6)])
def test_noise_on_the_lattice_spends_no_more_than_the_continuous(epsilon: float, delta: float) -> None:
    deviation = gaussian_deviation(epsilon, delta)
    assert discrete_delta(deviation * _WIDER, epsilon) < delta
    assert discrete_delta(deviation, epsilon) == pytest.approx(delta, rel=1e-6)


def discrete_delta(deviation: float, epsilon: float) -> float:
    """Canonne, Kamath and Steinke 2020, theorem 7, for a shift by `_LATTICE` steps: a sum over the steps.

    On a lattice so fine the normalisation is deviation * sqrt(2 pi) up to exp(-2 pi^2 deviation^2), by Poisson
    summation.
    """
    steps, shift = deviation * _LATTICE, float(_LATTICE)
    first = math.ceil(epsilon * steps**2 / shift - shift / 2)
    total = 0.0
    for start in range(first, first + int(12 * steps), 2**20):
        places = np.arange(start, start + 2**20, dtype=np.float64)
        above = np.exp(-(places**2) / (2 * steps**2))
        below = np.exp(epsilon - (places + shift) ** 2 / (2 * steps**2))
        total += float((above - below).sum())
    return total / (steps * math.sqrt(2 * math.pi))
