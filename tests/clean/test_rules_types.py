"""Numbers, truth values, dates and categories out of text."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from infra.errors import RecipeError
from tasks.clean.engines import Engine
from tasks.clean.rules.categories import MapCategoriesOptions
from tasks.clean.rules.dates import StandardizeDatesOptions, standard_date
from tasks.clean.rules.numerals import read_number
from tasks.clean.rules.types import ParseBooleansOptions
from tasks.data.references import DatasetRef
from tasks.data.version import open_version
from tests.clean.outcome import refused, values

Raw = Callable[..., DatasetRef]
Run = Callable[..., DatasetRef]
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1234", 1234.0),
        ("1,234,567.8", 1234567.8),
        ("1'234'567.8", 1234567.8),
        ("1\u202f234 567", None),  # one mark for all thousands
        ("1,23", None),
        ("1,234,5", None),
        ("12,345.6.7", None),
        ("$1,234.50", 1234.5),
        ("-$5", -5.0),
        ("$-5", -5.0),
        ("-$-5", None),
        ("EUR 5", 5.0),
        ("5\u00a0€", 5.0),
        ("AGE 12", None),
        ("(1,200)", -1200.0),
        ("(-5)", None),
        ("\u22127", -7.0),
        ("+7", 7.0),
        ("12.5 %", 0.125),
        ("7%", 0.07),
        ("1.5e3", 1500.0),
        ("1e999", None),
        (".5", 0.5),
        ("5.", 5.0),
        ("", None),
        (".", None),
        ("-", None),
        ("%", None),
        ("nan", None),
        ("0x10", None),
        ("٣", None),
    ],
)
def test_numbers_with_a_decimal_point(text: str, value: float | None) -> None:
    assert read_number(text, "point") == value


def test_numbers_with_a_decimal_comma() -> None:
    texts = ["1.234,5", "1 234,5", "1,5", "1.5", "1,234.5", "3,5%"]
    assert [read_number(text, "comma") for text in texts] == [1234.5, 1234.5, 1.5, None, None, 0.035]


def test_whole_numbers() -> None:
    texts = ["1,234", "5.0", "5.5", "1e3", "9223372036854775807", "9223372036854775808", "-9223372036854775808"]
    found = [1234, 5, None, 1000, 2**63 - 1, None, -(2**63)]
    assert [read_number(text, "point", whole=True) for text in texts] == found


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_what_python_and_a_cashier_write_is_read_back(number: float) -> None:
    assert read_number(repr(number), "point") == number
    grouped = f"{number:,.2f}"
    assert read_number(grouped, "point") == float(grouped.replace(",", ""))


def test_parse_numbers_gives_the_column_its_type(raw: Raw, run: Run, engines: dict[str, Engine]) -> None:
    version = raw({"text": "$1,234.50"}, {"text": " "}, {"text": "ten"}, {"text": None})
    options: dict[str, Any] = {"columns": ["text", "share"]}
    refs = [run(version, engines[name], "parse_numbers", parse_numbers=options) for name in ("polars", "dask")]
    for ref in refs:
        assert values(ref) == [1234.5, None, None]
        assert refused(ref) == {"0002": "parse_numbers"}
        assert open_version(ref).manifest.columns["text"] == "float64"
    kept = run(version, engines["polars"], "parse_numbers", parse_numbers=options | {"unreadable": "missing"})
    assert values(kept) == [1234.5, None, None, None]
    with pytest.raises(RecipeError, match="column 'count': found type int64; allowed: string or double"):
        run(version, engines["polars"], "parse_numbers", parse_numbers={"columns": ["count"]})


def test_parse_booleans(raw: Raw, run: Run, engines: dict[str, Engine]) -> None:
    version = raw({"text": "Yes "}, {"text": "0"}, {"text": "maybe"}, {"text": ""}, {"known": True})
    ref = run(version, engines["polars"], "parse_booleans", parse_booleans={"columns": ["text", "known"]})
    assert values(ref) == [True, False, None, None]
    assert values(ref, "known") == [None, None, None, True]
    assert refused(ref) == {"0002": "parse_booleans"}
    words = {"columns": ["text"], "true_words": ["MAYBE"], "false_words": ["yes"], "unreadable": "missing"}
    found = run(version, engines["polars"], "parse_booleans", parse_booleans=words)
    assert values(found) == [False, None, True, None, None]


def test_a_word_that_is_both_true_and_false() -> None:
    with pytest.raises(ValidationError, match="true_words: found on in false_words too; allowed: in one of them"):
        ParseBooleansOptions(true_words=["On"], false_words=["ON", "off"])


@pytest.mark.parametrize("rule", ["parse_numbers", "parse_booleans", "standardize_dates", "map_categories"])
def test_columns_must_be_named(raw: Raw, run: Run, engines: dict[str, Engine], rule: str) -> None:
    option = "categories" if rule == "map_categories" else "columns"
    message = f"cleaning rule '{rule}': found no {option}; allowed: text, label.*Name them in clean.options.{rule}"
    with pytest.raises(RecipeError, match=message):
        run(raw({"text": "a"}), engines["polars"], rule)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-03-31", "2024-03-31"),
        ("20240331", "2024-03-31"),
        ("2024-03-31T10:00", "2024-03-31T08:00:00Z"),
        ("2024-03-31T10:00+05:30", "2024-03-31T04:30:00Z"),
        ("2024-01-01 00:30", "2023-12-31T23:30:00Z"),  # winter: one hour
        ("2024-10-27 02:30", "2024-10-27T00:30:00Z"),  # passed twice: the first
        ("2024-07-01T00:00:00.25Z", "2024-07-01T00:00:00.250000Z"),
        ("31.12.2024", "2024-12-31"),
        ("03/04/2024", "2024-04-03"),  # the day first: its format is
        ("12/31/2024", "2024-12-31"),
        ("31 Dec 2024 11:30 PM -0500", "2025-01-01T04:30:00Z"),
        ("31.02.2024", None),
        ("0001-01-01T00:00:00+05:00", None),  # before the year 1 in UTC
        ("soon", None),
    ],
)
def test_dates(text: str, expected: str | None) -> None:
    formats = ["iso8601", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d %b %Y %I:%M %p %z"]
    assert standard_date(text, formats, BERLIN) == expected


@given(st.datetimes(timezones=st.just(UTC)))
def test_a_standard_date_stays_and_names_its_instant(time: datetime) -> None:
    once = standard_date(time.isoformat(), ["iso8601"], BERLIN)
    assert once
    assert datetime.fromisoformat(once) == time
    assert standard_date(once, ["%d.%m.%Y"], BERLIN) == once


def test_dates_that_no_format_reads(raw: Raw, run: Run, engines: dict[str, Engine]) -> None:
    version = raw({"text": "31.12.2024 10:00"}, {"text": "soon"}, {"text": " "}, {"text": None})
    options = {"columns": ["text"], "formats": ["%d.%m.%Y %H:%M"], "time_zone": "Asia/Tokyo"}
    time = "2024-12-31T01:00:00Z"
    expected = {"refuse": [time, None, None], "keep": [time, "soon", " ", None], "missing": [time, None, None, None]}
    for unmatched, kept in expected.items():
        ref = run(version, engines["polars"], "standardize_dates", standardize_dates=options | {"unmatched": unmatched})
        assert values(ref) == kept
        assert refused(ref) == ({"0001": "standardize_dates"} if unmatched == "refuse" else {})


@pytest.mark.parametrize("wrong", ["%d", "%Y-%m-%d %Z", "day", "%Q", "%Y"])
def test_a_format_that_tells_no_day_is_named(wrong: str) -> None:
    with pytest.raises(ValidationError, match=f"formats: found '{wrong}'; allowed: iso8601, or codes of strptime"):
        StandardizeDatesOptions(formats=[wrong])


def test_a_zone_that_is_not_there_is_named() -> None:
    with pytest.raises(ValidationError, match="time_zone: found 'Mars/One'; allowed: a name of the IANA database"):
        StandardizeDatesOptions(time_zone="Mars/One")


def test_categories(raw: Raw, run: Run, engines: dict[str, Engine]) -> None:
    version = raw({"label": "UK"}, {"label": "Great Britain"}, {"label": "uk"}, {"label": "Mars"}, {"label": None})
    british = [{"column": "label", "values": ["Great Britain", "England"], "to": "UK"}]
    expected = {
        "keep": ["UK", "UK", "uk", "Mars", None],
        "replace": ["UK", "UK", "none", "none", None],
        "refuse": ["UK", "UK", None],
    }
    for others, kept in expected.items():
        options = {"categories": british, "others": others, "other": "none"}
        ref = run(version, engines["polars"], "map_categories", map_categories=options)
        assert values(ref, "label") == kept
    any_case = {"categories": british, "ignore_case": True}
    assert values(run(version, engines["polars"], "map_categories", map_categories=any_case), "label")[2] == "UK"


def test_a_spelling_of_two_categories_is_named() -> None:
    one = {"column": "x", "values": ["a", "b"], "to": "c"}
    for other in ({"column": "x", "values": ["B"], "to": "d"}, {"column": "x", "values": ["c"], "to": "d"}):
        with pytest.raises(ValidationError, match=r"categories: found [bc] twice in x; allowed: each value once"):
            MapCategoriesOptions.model_validate({"categories": [one, other], "ignore_case": True})
    MapCategoriesOptions.model_validate({"categories": [one, {"column": "y", "values": ["a"], "to": "c"}]})
