from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from tasks.evaluate.robustness.columns import never_seen, noisy, unknown, without
from tasks.features.tabular import CategoryColumn, NumericColumn

JOB = CategoryColumn(name="job", type="string", values=("clerk", "cook"))
CODE = CategoryColumn(name="code", type="long", values=("1", "2"))
ROWS = pa.table({"age": [20.0, None, 40.0] * 200, "job": ["cook", "clerk", None] * 200, "code": [1, 2, 1] * 200})


def test_noise_is_in_standard_deviations_of_the_train_split() -> None:
    column = NumericColumn(name="age", logarithm=False, mean=30, deviation=10)
    found = noisy(ROWS, [column], 0.5, np.random.default_rng(0))["age"].to_numpy()
    moved = (found - ROWS["age"].to_numpy())[np.arange(600) % 3 != 1]
    assert np.std(moved) == pytest.approx(5, rel=0.1)
    assert np.mean(moved) == pytest.approx(0, abs=0.8)
    assert np.isnan(found[1::3]).all()
    assert ROWS["age"].to_pylist()[:3] == [20, None, 40]


def test_noise_on_what_is_learned_as_a_logarithm() -> None:
    column = NumericColumn(name="age", logarithm=True, mean=3, deviation=0.5)
    found = noisy(ROWS, [column], 0.2, np.random.default_rng(0))["age"].to_numpy()
    moved = (column.encode(found) - column.encode(ROWS["age"].to_numpy()))[np.arange(600) % 3 != 1]
    assert np.std(moved) == pytest.approx(0.2, rel=0.1)


def test_every_row_loses_as_many_columns_as_asked_for() -> None:
    full = pa.table({"age": [1, 2] * 50, "job": ["cook"] * 100, "code": [1] * 100})
    for lost in (1, 2, 3, 4):
        found = without(full, ["age", "job", "code"], lost, np.random.default_rng(0))
        gone = np.array([found[name].is_null().to_numpy() for name in full.column_names])
        assert gone.sum(axis=0).tolist() == [min(lost, 3)] * 100
        assert found.schema.equals(full.schema)
    assert (gone.sum(axis=1) == 100).all()


def test_categories_that_train_never_had() -> None:
    found = unknown(ROWS, [JOB, CODE], 1, np.random.default_rng(0))
    jobs, codes = JOB.encode(found["job"].to_pylist()), CODE.encode(found["code"].to_pylist())
    assert ((found["job"].to_numpy() == "never seen") ^ (found["code"].to_numpy() == "never seen")).all()
    assert set(codes.tolist()) == {0, 1, 2}
    assert 150 < (jobs[::3] == 0).sum() + (codes[::3] == 0).sum() <= 200
    assert found["age"].equals(ROWS["age"])
    assert never_seen(CategoryColumn(name="x", type="string", values=("never seen",))) == "never seen before"
