"""Where a column's numbers may lie."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.errors import RecipeError
from tasks.dp.statistics.bounds import Bounds

ANY = st.floats(width=64)


@pytest.mark.parametrize(("low", "high"), [(1, 1), (2, 1), (0, math.inf), (math.nan, 1), (-1e308, 1e308)])
def test_bounds_that_are_none(low: float, high: float) -> None:
    with pytest.raises(RecipeError, match=r"bounds: found .*; allowed: two finite numbers, the lower one first"):
        Bounds(low, high)


def test_numbers_outside_count_as_the_ends_and_missing_ones_not_at_all() -> None:
    values = np.array([10.0, 20.0, 15.0, -1e300, math.inf, math.nan])
    assert Bounds(10, 20).positions(values).tolist() == [-1, 1, 0, -1, 1]
    assert Bounds(10, 20).places(values, 4).tolist() == [0, 3, 2, 0, 3]


@given(st.lists(ANY), st.floats(-1e6, 1e6), st.floats(1e-6, 1e6), st.integers(1, 300))
def test_no_number_lies_elsewhere(values: list[float], low: float, width: float, bins: int) -> None:
    bounds = Bounds(low, low + width)
    assert (np.abs(bounds.positions(np.array(values))) <= 1).all()
    places = bounds.places(np.array(values), bins)
    assert ((places >= 0) & (places < bins)).all()
