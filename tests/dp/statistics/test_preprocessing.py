"""Features learned from noisy statistics."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from tasks.dp.accounting.mechanisms import Guarantee
from tasks.dp.statistics.bounds import Bounds
from tasks.dp.statistics.preprocessing import cost, fit_private
from tasks.features.tabular import fit_tabular

BOUNDS = {"age": Bounds(0, 100), "gain": Bounds(0, 100_000)}


def rows(count: int) -> pa.Table:
    random = np.random.default_rng(0)
    gains = np.where(random.random(count) < 0.9, 0.0, random.lognormal(8, 1, count))
    towns = random.choice(["x", "y"], count).tolist()
    return pa.table({"age": random.normal(40, 12, count), "gain": gains, "town": pa.array([*towns[:-2], "rare", None])})


def test_near_what_is_learned_without_noise() -> None:
    table = rows(20_000)
    private = fit_private(table, BOUNDS, ["town"], epsilon=30.0, delta=1e-6).features
    plain = fit_tabular(table, list(BOUNDS), ["town"])
    for found, truth in zip(private.numeric, plain.numeric, strict=True):
        assert found.logarithm == truth.logarithm
        assert found.mean == pytest.approx(truth.mean, abs=0.1 * truth.deviation)
        assert found.deviation == pytest.approx(truth.deviation, rel=0.1)
    assert private.categorical[0].values == ("x", "y")
    assert set(plain.categorical[0].values) - set(private.categorical[0].values) == {"rare", ""}


def test_the_cost_is_the_budget() -> None:
    found = fit_private(rows(100), BOUNDS, ["town"], epsilon=3.0, delta=1e-6)
    assert found.spent == (Guarantee(1.0), Guarantee(1.0), Guarantee(1.0, 1e-6))
    assert cost(2, 1, epsilon=3.0, delta=1e-6) == found.spent
    assert fit_private(rows(100), BOUNDS, [], epsilon=3.0, delta=0.0).spent == (Guarantee(1.5),) * 2


@pytest.mark.parametrize("count", [2, 50])
def test_of_few_rows_there_are_features_still(count: int) -> None:
    table = rows(count)
    found = fit_private(table, BOUNDS, ["town"], epsilon=0.1, delta=1e-6, cap=3).features
    assert found.categorical[0].values == ()
    arrays = found.encode(table)
    assert np.isfinite(arrays["numeric"]).all() and (arrays["categories"] == 0).all()


def test_edges_rise_and_lie_within_the_bounds() -> None:
    for each in fit_private(rows(1000), BOUNDS, [], epsilon=0.5, delta=0.0).features.numeric:
        assert list(each.edges) == sorted(set(each.edges))
        ends = np.log1p([0, 100_000]) if each.logarithm else np.array([0, 100])
        assert np.array(each.edges)[[0, -1]] == pytest.approx((ends - each.mean) / each.deviation, rel=1e-5)
