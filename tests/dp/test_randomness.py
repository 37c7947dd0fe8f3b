"""Generators of random numbers."""

from __future__ import annotations

import secrets

import numpy as np
import pytest
from scipy import stats

from tasks.dp.noise import standard_noise
from tasks.dp.randomness import Randomness


def test_without_a_seed_no_two_are_alike_even_of_one_step() -> None:
    random = Randomness()
    drawn = [random.of(3, "noise").integers(2**62) for _ in range(100)]
    assert len(set(drawn)) == 100


def test_keys_come_from_the_operating_system_and_are_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secrets, "randbits", lambda bits: 2 ** (bits - 1) + 5)
    generator = Randomness().of(0, "rows")
    assert generator.bit_generator.state["state"]["key"].tolist() == [5, 2**63]


def test_with_a_seed_they_hang_on_seed_step_and_use() -> None:
    first = Randomness(7).of(2, "noise").random(4)
    np.testing.assert_array_equal(first, Randomness(7).of(2, "noise").random(4))
    for other in (Randomness(8).of(2, "noise"), Randomness(7).of(3, "noise"), Randomness(7).of(2, "rows")):
        assert not np.any(first == other.random(4))


def test_noise_is_gaussian_of_variance_one() -> None:
    noise = standard_noise(200_000, Randomness(1).of(0, "noise")).astype(np.float64)
    low, high = stats.chi2.ppf([1e-4, 1 - 1e-4], len(noise)) / len(noise)
    assert low < (noise**2).mean() < high
    assert stats.kstest(noise, "norm").pvalue > 1e-4
    assert abs(np.corrcoef(noise[1:], noise[:-1])[0, 1]) < 0.01
