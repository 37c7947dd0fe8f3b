from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.errors import DataError
from tasks.ingest.config import ColumnContract, IngestOptions, SourceColumns
from tasks.ingest.contract import Contract


def contract(*columns: ColumnContract, **roles: str) -> Contract:
    return Contract(IngestOptions(path="x.csv", contract=list(columns)), SourceColumns(**roles))


def check(column: ColumnContract, *values: str | None) -> tuple[list[Any], list[str | None]]:
    rows = pa.table({column.name: pa.array(values, pa.string())})
    typed, reasons = contract(column).check(rows)
    return typed[column.name].to_pylist(), reasons.to_pylist()


@pytest.mark.parametrize(
    ("kind", "texts", "values"),
    [
        ("string", ["a", " b "], ["a", " b "]),
        ("integer", ["1", " -2 ", "+3", "4.0", "9223372036854775807"], [1, -2, 3, 4, 2**63 - 1]),
        ("number", ["1", " .5", "1e3", "-0"], [1.0, 0.5, 1000.0, 0.0]),
        ("boolean", ["true", "False", "1", "0"], [True, False, True, False]),
    ],
)
def test_text_converts(kind: Any, texts: list[str], values: list[Any]) -> None:
    assert check(ColumnContract(name="x", type=kind), *texts) == (values, [None] * len(values))


@pytest.mark.parametrize(
    ("kind", "texts", "reason"),
    [
        ("integer", ["1.5", "x", "9223372036854775808", "1e3"], "x: not an integer"),
        ("number", ["x", "nan", "inf", "1,5"], "x: not a number"),
        ("boolean", ["yes", "2"], "x: not a boolean"),
    ],
)
def test_text_that_does_not_convert(kind: Any, texts: list[str], reason: str) -> None:
    assert check(ColumnContract(name="x", type=kind), *texts)[1] == [reason] * len(texts)


def test_missing_values() -> None:
    assert check(ColumnContract(name="x", missing=["", "?"]), "", "?", None, "a")[1] == ["x: missing"] * 3 + [None]
    nullable = ColumnContract(name="x", missing=["", "?"], nullable=True)
    assert check(nullable, "?", None, "a") == ([None, None, "a"], [None] * 3)


def test_bounds_values_and_patterns() -> None:
    bounds = ColumnContract(name="x", type="number", minimum=1, maximum=5)
    assert check(bounds, "0.5", "1", "5", "6")[1] == ["x: below 1", None, None, "x: above 5"]
    assert check(ColumnContract(name="x", allowed=["a", "b"]), "a", "c")[1] == [None, "x: not an allowed value"]
    whole = ColumnContract(name="x", pattern="a|b")
    assert check(whole, "a", "b", "ab", "a\n")[1] == [None, None, "x: not of the pattern", "x: not of the pattern"]


def test_a_row_has_its_first_reason() -> None:
    both = contract(ColumnContract(name="n", type="integer"), ColumnContract(name="t"))
    _, reasons = both.check(pa.table({"n": ["x", "1"], "t": ["", ""]}))
    assert reasons.to_pylist() == ["n: not an integer", "t: missing"]


def test_roles_take_the_names_of_the_source() -> None:
    named = contract(
        ColumnContract(name="text"), ColumnContract(name="age"), text="utterance", key="user", split="side"
    )
    assert named.wanted == ["utterance", "age", "side", "user"]
    rows = pa.table({"utterance": ["hi", "ho"], "age": ["1", "2"], "side": ["train", "dev"], "user": ["u", "v"]})
    typed, reasons = named.check(rows)
    assert typed.column_names == ["text", "age", "split", "key"]
    assert reasons.to_pylist() == [None, "split: not an allowed value"]


def test_a_column_that_the_source_lacks() -> None:
    lacking = contract(ColumnContract(name="text"), text="utterance")
    with pytest.raises(
        DataError, match=r"column 'utterance' \(for text\): found only the columns a, b;.*Set ingest\.columns\.text"
    ):
        lacking.check_names(("a", "b"))
    with pytest.raises(DataError, match=r"Set ingest\.contract"):
        contract(ColumnContract(name="age", nullable=True)).check_names(("a",))


def test_a_role_that_may_be_missing_and_has_no_column_is_empty() -> None:
    tags = contract(ColumnContract(name="text"), ColumnContract(name="tags", nullable=True))
    tags.check_names(("text",))
    typed, reasons = tags.check(pa.table({"text": ["a"]}))
    assert (typed["tags"].to_pylist(), reasons.to_pylist()) == ([None], [None])


@given(values=st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1))
def test_integers_survive(values: list[int]) -> None:
    assert check(ColumnContract(name="x", type="integer"), *map(str, values))[0] == values


@given(values=st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1))
def test_numbers_survive(values: list[float]) -> None:
    assert check(ColumnContract(name="x", type="number"), *map(repr, values))[0] == values
