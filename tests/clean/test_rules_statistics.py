"""Ranks, quantiles and modes against the plain definitions; and the rules that use them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import ceil, inf
from pathlib import Path
from typing import Any

import narwhals as nw
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from infra.errors import RecipeError
from tasks.clean.engines import Engine
from tasks.clean.rules.columns import number_columns
from tasks.clean.rules.order_statistics import Values, select, summary
from tasks.clean.rules.outliers import WinsorizeOptions, fences
from tasks.data.references import DatasetRef
from tasks.data.version import open_version
from tests.clean.outcome import refused, values

Raw = Callable[..., DatasetRef]
Run = Callable[..., DatasetRef]
FLOATS = st.floats(allow_nan=False) | st.sampled_from([0.0, 1.0])
INTEGERS = st.integers(-(2**63), 2**63 - 1) | st.integers(-2, 2)
BATCHES = st.lists(st.lists(INTEGERS, max_size=40), min_size=1, max_size=6) | st.lists(
    st.lists(FLOATS, max_size=40), min_size=1, max_size=6
)


@pytest.fixture(params=["polars", "dask"])
def engine(request: pytest.FixtureRequest, engines: dict[str, Engine]) -> Engine:
    """Spark agrees with them in test_clean.py; its jobs take a second each."""
    return engines[request.param]


class Batches:
    """An engine of one part whose batches are given, to try ranks on any of them; it counts the passes."""

    name = "batches"

    def __init__(self, batches: list[Values]) -> None:
        self.tables = [pa.table({"x": batch}) for batch in batches]
        self.passes = 0

    def read(self, folder: Path) -> nw.LazyFrame[Any]:
        raise NotImplementedError

    def map_batches(self, frame: Any, function: Any, columns: Any) -> nw.LazyFrame[Any]:
        raise NotImplementedError

    def map_frames(self, frame: Any, function: Any) -> list[Any]:
        raise NotImplementedError

    def map_parts(self, frame: Any, function: Callable[..., Any]) -> list[Any]:
        self.passes += 1
        half = len(self.tables) // 2
        return [function("a", iter(self.tables[:half])), function("b", iter(self.tables[half:]))]


def ranked(engine: Batches, ranks: list[int]) -> list[Any]:
    """The values of ranks of the column x."""

    def extract(batch: pa.Table) -> Mapping[Any, Values]:
        return {"x": batch["x"].to_numpy()}

    found = select(
        nw.from_dict({"x": [0]}, backend="polars").lazy(), engine, extract, lambda sizes: {"x": tuple(ranks)}
    )
    return found["x"]


@settings(max_examples=150)
@given(batches=BATCHES, share=st.floats(0, 1))
def test_a_rank_is_that_of_the_sorted_whole(batches: list[list[Any]], share: float) -> None:
    whole = sorted(value for batch in batches for value in batch)
    if not whole:
        return
    kind = type(whole[0])
    ranks = sorted({0, len(whole) - 1, int(share * (len(whole) - 1))})
    arrays: list[Values] = [np.array(batch, np.int64) if kind is int else np.array(batch, float) for batch in batches]
    found = ranked(Batches(arrays), ranks)
    assert found == [whole[rank] for rank in ranks]
    assert all(type(value) is kind for value in found)


def test_what_travels_grows_as_the_root() -> None:
    one = summary(np.random.default_rng(0).normal(size=1_000_000))
    assert (len(one.points), one.size) == (1001, 1_000_000)
    assert one.places[-1] == 999_999


def test_values_that_repeat_take_one_pass() -> None:
    engine = Batches([np.repeat(np.arange(3), 1000)] * 2)
    assert ranked(engine, [2999]) == [1]
    assert engine.passes == 1


def test_ranks_of_many_values_take_two_passes() -> None:
    generator = np.random.default_rng(1)
    engine = Batches([generator.normal(size=5_000) for _ in range(10)])
    whole = np.sort(np.concatenate([table["x"].to_numpy() for table in engine.tables]))
    assert ranked(engine, [500, 25_000, 49_500]) == whole[[500, 25_000, 49_500]].tolist()
    assert engine.passes == 2


ROWS = [
    {"count": 5, "share": 0.1, "text": "b", "known": True},
    {"count": 1, "share": 0.3, "text": "a", "known": False},
    {"count": 9, "share": 0.1, "text": "b", "known": False},
    {"count": 7, "share": 0.9, "text": "a", "known": True},
    {},
    {"split": "test", "count": 100, "share": 100.0, "text": "z", "known": True},
    {"split": "test"},
]


def test_impute_by_median_and_mode(raw: Raw, run: Run, engine: Engine) -> None:
    ref = run(raw(*ROWS), engine, "impute_missing")
    for row in (4, 6):
        found = {name: values(ref, name)[row] for name in ("count", "share", "text", "known", "label")}
        # the lower median of 1 5 7 9 and of .1 .1 .3 .9; of values that are as frequent the smaller; nothing of nothing
        assert found == {"count": 5, "share": 0.1, "text": "a", "known": False, "label": None}


def test_what_is_to_be_predicted_is_not_invented(raw: Raw, run: Run, engines: dict[str, Engine]) -> None:
    version = raw({"label": "x"}, {"label": "x"}, {}, {"split": "test"})
    for rule in ("impute_missing", "fill_missing"):
        assert values(run(version, engines["polars"], rule), "label") == ["x", "x", None, None]
        told = run(version, engines["polars"], rule, **{rule: {"columns": ["label"]}})
        assert None not in values(told, "label")
    assert "label_missing" not in open_version(run(version, engines["polars"], "flag_missing")).manifest.columns


def test_a_rating_is_not_drawn_in() -> None:
    rows = nw.from_dict({"row_id": ["a"], "rating": [5.0], "price": [1.0]}, backend="polars")
    assert number_columns(rows, []) == ["price"]
    assert number_columns(rows, ["rating"]) == ["rating"]


def test_impute_numbers_by_mode(raw: Raw, run: Run, engines: dict[str, Engine]) -> None:
    version = raw({"share": 0.3}, {"share": 1e-310}, {"share": 1e-310}, {"share": None}, {"share": 0.3}, {"share": 0.3})
    ref = run(version, engines["dask"], "impute_missing", impute_missing={"numbers": "mode", "columns": ["share"]})
    assert values(ref, "share")[3] == 0.3
    two = run(raw({"share": 0.1 + 0.2}, {}), engines["dask"], "impute_missing", impute_missing={"numbers": "mode"})
    assert values(two, "share") == [0.1 + 0.2] * 2


def test_a_refused_row_teaches_nothing(raw: Raw, run: Run, engines: dict[str, Engine]) -> None:
    version = raw({"text": "", "count": 9}, {"text": "a", "count": 1}, {"text": "b"})
    options = {"drop_short": {"columns": ["text"]}, "impute_missing": {"columns": ["count"]}}
    ref = run(version, engines["polars"], "drop_short", "impute_missing", **options)
    assert values(ref, "count") == [1, 1]
    assert refused(ref) == {"0000": "drop_short"}


def test_flag_then_fill(raw: Raw, run: Run, engine: Engine) -> None:
    rules = ("flag_missing", "fill_missing")
    ref = run(raw({"count": 1}, {}), engine, *rules, flag_missing={"columns": ["count"], "suffix": "_gone"})
    assert (values(ref, "count"), values(ref, "count_gone")) == ([1, 0], [False, True])
    assert open_version(ref).manifest.columns["count_gone"] == "bool"
    with pytest.raises(RecipeError, match=r"'flag_missing': found columns named count_gone; allowed: names that are"):
        run(raw({}), engine, *rules, "flag_missing", flag_missing={"columns": ["count"], "suffix": "_gone"})


def test_winsorize(raw: Raw, run: Run, engine: Engine) -> None:
    numbers = [{"count": n, "share": n / 10} for n in range(1, 11)]
    others = [{"split": "test", "count": 999, "share": -999.0}, {}]
    options = {"lower_share": 0.2, "upper_share": 0.9}
    ref = run(raw(*numbers, *others), engine, "winsorize", winsorize=options)
    assert values(ref, "count") == [2, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, None]
    assert values(ref, "share")[0] == values(ref, "share")[10] == 0.2
    assert values(ref, "share")[9] == 0.9


def test_clip_outliers(raw: Raw, run: Run, engine: Engine) -> None:
    # of 8 values the second and the sixth are the quartiles 2 and 6: fences at -4 and 12
    numbers = [{"count": n, "share": float(n)} for n in (1, 2, 3, 4, 5, 6, 40, 50)]
    ref = run(raw(*numbers, {"split": "test", "count": -40, "share": None}), engine, "clip_outliers")
    assert values(ref, "count") == [1, 2, 3, 4, 5, 6, 12, 12, -4]
    assert values(ref, "share") == [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 12.0, 12.0, None]


def test_fences_of_integers_are_the_integers_within() -> None:
    assert fences(1, 2, 1.5) == (0, 3)
    assert fences(-(2**63), 2**63 - 1, 1.5) == (-(2**63), 2**63 - 1)
    assert fences(2**62, 2**62 + 1, 3.0) == (2**62 - 3, 2**62 + 4)
    assert fences(1.0, 2.0, 1.5) == (-0.5, 3.5)
    assert fences(inf, inf, 1.5) == (-inf, inf)


def test_shares_that_cross_are_named() -> None:
    with pytest.raises(ValidationError, match=r"lower_share: found 0.9; allowed: less than upper_share"):
        WinsorizeOptions(lower_share=0.9, upper_share=0.1)


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(numbers=st.lists(st.none() | st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=30), share=st.floats(0, 0.5))
def test_winsorized_is_between_two_of_its_values(
    raw: Raw, run: Run, engines: dict[str, Engine], numbers: list[int | None], share: float
) -> None:
    options = {"lower_share": share, "upper_share": 0.75}
    found = values(
        run(raw(*[{"count": n} for n in numbers]), engines["polars"], "winsorize", winsorize=options), "count"
    )
    known = sorted(n for n in numbers if n is not None)
    if known:
        low = known[max(0, ceil(share * len(known)) - 1)]
        high = known[max(0, ceil(0.75 * len(known)) - 1)]
        assert found == [n if n is None else min(max(n, low), high) for n in numbers]
