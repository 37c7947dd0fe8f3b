from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.errors import DataError, RecipeError
from tasks.data.references import DatasetRef
from tasks.ingest.config import ColumnContract, IngestOptions, SourceColumns
from tasks.ingest.contract.checks import Comparison, Condition, Presence, RowChecks, Sum
from tasks.ingest.contract.contract import Contract

Ingest = Callable[..., DatasetRef]


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


def test_lengths_count_characters() -> None:
    short = ColumnContract(name="x", minimum_length=2, maximum_length=3)
    reasons = ["x: shorter than 2", None, None, "x: longer than 3", None]
    assert check(short, "a", "ab", "äöü", "abcd", "\U0001f600\U0001f600")[1] == reasons


@pytest.mark.parametrize(
    ("column", "message"),
    [
        ({"minimum_length": 3, "maximum_length": 2}, "minimum_length: found 3, above maximum_length 2"),
        ({"minimum_length": 1, "type": "integer"}, "found a length for type 'integer'; only strings have one"),
    ],
)
def test_lengths_that_can_not_be(column: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ColumnContract.model_validate({"name": "x", **column})


def test_a_pattern_that_is_none() -> None:
    with pytest.raises(RecipeError, match=r"pattern of x: found 'a\(': .*allowed: a regular expression of Rust"):
        check(ColumnContract(name="x", pattern="a("), "a")


ROW_TYPES = {
    "start": "string",
    "end": "string",
    "net": "number",
    "tax": "integer",
    "gross": "number",
    "is_on": "boolean",
}
ROW_COLUMNS = [
    ColumnContract.model_validate({"name": name, "type": kind, "nullable": True}) for name, kind in ROW_TYPES.items()
]


def check_rows(checks: RowChecks, **values: list[str | None]) -> list[str | None]:
    """The reasons of rows that have values in some columns."""
    count = max(map(len, values.values()))
    rows = {name: pa.array(values.get(name, [None] * count), pa.string()) for name in ROW_TYPES}
    options = IngestOptions(path="x.csv", contract=ROW_COLUMNS, checks=checks)
    found: list[str | None] = Contract(options, SourceColumns()).check(pa.table(rows))[1].to_pylist()
    return found


@pytest.mark.parametrize(
    ("comparison", "expected"),
    [
        ("<", [True, False, False]),
        ("<=", [True, True, False]),
        ("==", [False, True, False]),
        ("!=", [True, False, True]),
        (">=", [False, True, True]),
        (">", [False, False, True]),
    ],
)
def test_columns_compare(comparison: Any, expected: list[bool]) -> None:
    dates = RowChecks(comparisons=[Comparison(left="start", comparison=comparison, right="end")])
    starts: list[str | None] = ["2024-01-31", "2024-02-01", "2024-12-01", None]
    reasons = check_rows(dates, start=starts, end=["2024-02-01"] * 4)
    assert reasons == [*(None if holds else f"start {comparison} end" for holds in expected), None]
    numbers = RowChecks(comparisons=[Comparison(left="net", comparison=comparison, right="tax")])
    assert [reason is None for reason in check_rows(numbers, net=["9", "10", "10.5"], tax=["10"] * 3)] == expected


def test_a_column_needed_where_another_has_a_value() -> None:
    needed = Condition(column="end", when="start", is_one_of=["done", "cancelled"])
    reason = "end must be present when start is done or cancelled"
    found = check_rows(
        RowChecks(conditions=[needed]), start=["done", "done", "open", None], end=["x", None, None, None]
    )
    assert found == [None, reason, None, None]
    absent = Condition(column="end", must_be="missing", when="is_on", is_one_of=["true"])
    found = check_rows(RowChecks(conditions=[absent]), is_on=["1", "True", "0"], end=["x", None, "x"])
    assert found == ["end must be missing when is_on is true", None, None]
    listed = Condition(column="tax", must_be="one_of", allowed=["7", "19"], when="net")
    found = check_rows(RowChecks(conditions=[listed]), net=["1", "1", "1", None], tax=["7.0", "8", None, "8"])
    assert found == [None, *["tax must be one of 7, 19 when net is present"] * 2, None]


@pytest.mark.parametrize(
    ("must_have", "expected"),
    [
        ("at_least_one", [False, True, True]),
        ("at_most_one", [True, True, False]),
        ("exactly_one", [False, True, False]),
        ("all_or_none", [True, False, True]),
    ],
)
def test_presence(must_have: Any, expected: list[bool]) -> None:
    checks = RowChecks(presence=[Presence(columns=["start", "end"], must_have=must_have)])
    found = check_rows(checks, start=[None, "x", "x"], end=[None, None, "x"])
    assert found == [None if holds else f"{must_have.replace('_', ' ')} of start, end" for holds in expected]


def test_sums() -> None:
    total = Sum(total="gross", parts=["net", "tax"], tolerance=0.005)
    found = check_rows(
        RowChecks(sums=[total]), gross=["3.5", "3.51", None, "3"], net=["1.5"] * 4, tax=["2", "2", "2", None]
    )
    assert found == [None, "gross = net + tax", None, None]


@pytest.mark.parametrize(
    ("checks", "message"),
    [
        (
            RowChecks(sums=[Sum(total="x", parts=["net"])]),
            "checks: found column 'x', which the contract lacks; it has start",
        ),
        (RowChecks(sums=[Sum(total="net", parts=["net"])]), "checks: found a column twice in net, net"),
        (RowChecks(sums=[Sum(total="net", parts=["end"])]), "where end is a string; only numbers add up"),
        (
            RowChecks(comparisons=[Comparison(left="net", comparison="<", right="end")]),
            "checks.comparisons: found net < end, of number and string; give them one type",
        ),
        (
            RowChecks(conditions=[Condition(column="end", when="net", is_one_of=["1"])]),
            "found values for net, of type number; use an integer or a string",
        ),
    ],
)
def test_checks_that_can_not_be(checks: RowChecks, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        IngestOptions(path="x.csv", contract=ROW_COLUMNS, checks=checks)


def test_unique_together_names_columns_of_the_contract() -> None:
    with pytest.raises(ValueError, match="unique_together: found column 'b', which the contract lacks; it has a"):
        IngestOptions(path="x.csv", contract=[ColumnContract(name="a")], unique_together=[["a", "b"]])
    with pytest.raises(ValueError, match="unique_together: found an empty list"):
        IngestOptions(path="x.csv", contract=[ColumnContract(name="a")], unique_together=[[]])


def test_every_reason_names_the_columns_that_it_looked_at() -> None:
    checks = RowChecks(comparisons=[Comparison(left="start", comparison="<", right="text")])
    columns = [ColumnContract(name="start", pattern="a", unique=True), ColumnContract(name="text", maximum_length=1)]
    options = IngestOptions(path="x.csv", contract=columns, checks=checks, unique_together=[["start", "text"]])
    looked_at = Contract(options, SourceColumns(text="body")).looked_at
    assert looked_at["text: longer than 1"] == {"text": "body"}
    assert (
        looked_at["start < text"] == looked_at["start, text: not unique together"] == {"start": "start", "text": "body"}
    )
    assert looked_at["start: not unique"] == looked_at["start: not of the pattern"] == {"start": "start"}


@given(
    rows=st.lists(
        st.tuples(st.none() | st.integers(-9, 9), st.none() | st.text("ab", max_size=4)), min_size=1, max_size=20
    )
)
def test_the_verdicts_are_those_of_a_pandera_schema(rows: list[tuple[int | None, str | None]]) -> None:
    """A row has a reason just if pandera's own validation finds a failure in it."""
    import pandera.polars as pandera
    import polars as pl
    from pandera.errors import SchemaErrors

    number = ColumnContract(name="n", type="integer", minimum=-3, maximum=4)
    text = ColumnContract(name="t", nullable=True, missing=[], pattern="a*b?", maximum_length=3)
    table = pa.table(
        {
            "n": pa.array([None if n is None else str(n) for n, _ in rows], pa.string()),
            "t": pa.array([t for _, t in rows], pa.string()),
        }
    )
    typed, reasons = contract(number, text).check(table)
    within, matches = pandera.Check.in_range(-3, 4), pandera.Check.str_matches("^(?:a*b?)$")
    schema = pandera.DataFrameSchema(
        {
            "n": pandera.Column(pl.Int64, within),
            "t": pandera.Column(pl.String, [matches, pandera.Check.str_length(0, 3)], nullable=True),
        }
    )
    failed: set[int] = set()
    try:
        schema.validate(pl.DataFrame(pl.from_arrow(typed)), lazy=True)
    except SchemaErrors as error:
        failed = set(error.failure_cases["index"])
    assert {place for place, reason in enumerate(reasons.to_pylist()) if reason} == failed


def test_a_source_with_none_of_the_columns(ingest_file: Ingest) -> None:
    """Though each of them may be absent, rows of which nothing is read are no rows of this data set."""
    contract = [ColumnContract(name="text", nullable=True), ColumnContract(name="label", nullable=True)]
    with pytest.raises(DataError, match=r"column 'text' \(for text\): found only the columns body, topic"):
        ingest_file("body,topic\nx,a\n", contract=contract)


def test_another_delimiter_than_the_one_that_is_read(ingest_file: Ingest) -> None:
    with pytest.raises(DataError, match=r"found only the columns text;label; .* Set ingest\.delimiter"):
        ingest_file("text;label\nx;a\n")
