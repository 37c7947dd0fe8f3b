"""Each rule on rows that one can check by hand, on every engine."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from infra.errors import RecipeError
from tasks.clean.engines import Engine
from tasks.data.references import DatasetRef
from tasks.data.version import open_version, read_rows
from tests.clean.outcome import refused, values

Raw = Callable[..., DatasetRef]
Run = Callable[..., DatasetRef]


def test_trim(raw: Raw, run: Run, engine: Engine) -> None:
    version = raw({"text": "  a\t\n b\u00a0\u2003c \u3000"}, {"text": ""}, {"text": None}, {"text": "a\u200bb"})
    assert values(run(version, engine, "trim")) == ["a b c", "", None, "a\u200bb"]


def test_normalize_unicode(raw: Raw, run: Run, engine: Engine) -> None:
    version = raw({"text": "ﬁ e\u0301 ①"}, {"text": None})
    assert values(run(version, engine, "normalize_unicode")) == ["fi é 1", None]


def test_lower(raw: Raw, run: Run, engine: Engine) -> None:
    version = raw({"text": "ΟΔΟΣ İ ẞ", "label": "A"})
    ref = run(version, engine, "lower", lower={"columns": ["text"]})
    assert values(ref) == ["οδος i̇ ß"]
    assert values(ref, "label") == ["A"]


def test_drop_short_and_long_count_characters(raw: Raw, run: Run, engine: Engine) -> None:
    version = raw({"text": "é"}, {"text": "ab"}, {"text": "😀😀😀"}, {"text": "abcd"}, {"text": None})
    limits = {"drop_short": {"minimum_characters": 2}, "drop_long": {"maximum_characters": 3}}
    ref = run(version, engine, "drop_short", "drop_long", **limits)
    assert values(ref) == ["ab", "😀😀😀", None]
    assert refused(ref) == {"0000": "drop_short", "0003": "drop_long"}


def test_the_first_rule_that_refuses_a_row_names_it(raw: Raw, run: Run, engine: Engine) -> None:
    version = raw({"text": ""}, {"text": "a"}, {"text": ""})
    ref = run(version, engine, "drop_short", "drop_duplicates")
    assert refused(ref) == {"0000": "drop_short", "0002": "drop_short"}
    assert open_version(ref).manifest.quarantined == {"drop_short": 2}


def test_drop_missing(raw: Raw, run: Run, engine: Engine) -> None:
    version = raw({"text": "a", "count": 1}, {"text": None, "count": 2}, {"text": "b"})
    ref = run(version, engine, "drop_missing", drop_missing={"columns": ["text", "count"]})
    assert refused(ref) == {"0001": "drop_missing", "0002": "drop_missing"}


def test_fill_missing(raw: Raw, run: Run, engine: Engine) -> None:
    version = raw({}, {"text": "a", "label": "b", "count": 3, "share": 0.5, "known": True})
    ref = run(version, engine, "fill_missing", fill_missing={"text": "?", "number": -1})
    rows = read_rows(ref, columns=["text", "label", "count", "share", "known"]).to_pylist()
    assert rows[0] == {"text": "?", "label": None, "count": -1, "share": -1.0, "known": False}
    assert rows[1] == {"text": "a", "label": "b", "count": 3, "share": 0.5, "known": True}


def test_drop_duplicates_keeps_test_rows_and_the_smallest_row_id(raw: Raw, run: Run, engine: Engine) -> None:
    version = raw(
        {"text": "twice", "row_id": "b"},
        {"text": "twice", "row_id": "a"},
        {"text": "leaks", "row_id": "c"},
        {"text": "leaks", "row_id": "d", "split": "test"},
        {"text": "leaks", "row_id": "e", "split": "test"},
        {"text": None, "row_id": "f"},
        {"text": None, "row_id": "g"},
        {"text": "once", "row_id": "h"},
    )
    ref = run(version, engine, "drop_duplicates", drop_duplicates={"columns": ["text"]})
    assert refused(ref) == dict.fromkeys(["b", "c", "g"], "drop_duplicates")


def test_drop_duplicates_compares_every_column_and_no_borders(raw: Raw, run: Run, engine: Engine) -> None:
    version = raw(
        {"text": "ab", "label": "c"},
        {"text": "a", "label": "bc"},
        {"text": "a", "label": None},
        {"text": None, "label": "a"},
        {"text": "ab", "label": "c", "count": 1},
        {"text": "ab", "label": "c", "share": 0.0},
        {"text": "ab", "label": "c"},
    )
    assert refused(run(version, engine, "drop_duplicates")) == {"0006": "drop_duplicates"}


def test_a_column_that_is_not_there_is_named(raw: Raw, run: Run, engine: Engine) -> None:
    with pytest.raises(RecipeError, match=r"found body; allowed: text, label\. Change clean\.options"):
        run(raw({"text": "a"}), engine, "trim", trim={"columns": ["body"]})
    with pytest.raises(RecipeError, match=r"found count; allowed: text, label"):
        run(raw({"text": "a"}), engine, "lower", lower={"columns": ["count"]})


def test_drop_short_and_long_count_words(raw: Raw, run: Run, engines: dict[str, Engine]) -> None:
    version = raw(
        {"text": " one "}, {"text": "one\u3000two"}, {"text": "www w\tww w four"}, {"text": " "}, {"text": None}
    )
    limits = {"drop_short": {"minimum_words": 2}, "drop_long": {"maximum_words": 3}}
    ref = run(version, engines["polars"], "drop_short", "drop_long", **limits)
    assert refused(ref) == {"0000": "drop_short", "0002": "drop_long", "0003": "drop_short"}
