"""Mechanisms as text: the ledger keeps them so."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.errors import RecipeError
from tasks.dp.accounting.mechanisms import Gaussian, Guarantee, Laplace, PrivateTraining, from_json, to_json


@given(st.floats(1e-9, 1.0), st.integers(0, 10**9), st.floats(0.0, 1e6), st.integers(1, 100))
def test_to_the_last_digit(rate: float, steps: int, noise: float, group: int) -> None:
    mechanisms = (
        PrivateTraining(rate, steps, noise, noise, group),
        Laplace(noise, group),
        Gaussian(noise, group),
        Guarantee(noise, rate / 2),
    )
    assert from_json(to_json(mechanisms)) == mechanisms


def test_text_that_was_changed_is_checked() -> None:
    with pytest.raises(RecipeError, match="sampling rate: found 2"):
        from_json('[{"kind": "training", "sampling_rate": 2, "steps": 1, "noise_multiplier": 1}]')
