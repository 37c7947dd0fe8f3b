"""What holds for every rule: engines agree, no row is lost, and a second time changes nothing where it says so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tasks.clean.engines import Engine
from tasks.clean.rules import known_rules
from tasks.data.digest import file_digest, final_digest
from tasks.data.parts import part_files
from tasks.data.references import DatasetRef
from tasks.data.version import open_version
from tests.clean.outcome import refused

Raw = Callable[..., DatasetRef]
Run = Callable[..., DatasetRef]
ONCE = {
    "strip_html": "text that shows a tag, as in &lt;b&gt;, has one afterwards",
    "flag_missing": "the columns that it adds are there",
    "weigh_sample": "the column that it adds is there",
}
APART = ("drop_duplicates", "near_duplicates", "drop_misaligned")  # they have suites of their own
RULES = tuple(name for name in known_rules() if name not in APART)
OPTIONS: dict[str, dict[str, Any]] = {
    "parse_numbers": {"columns": ["text"], "unreadable": "missing"},
    "parse_booleans": {"columns": ["text"]},
    "standardize_dates": {"columns": ["text"], "unmatched": "keep", "formats": ["%d.%m.%Y", "iso8601"]},
    "map_categories": {"categories": [{"column": "label", "values": ["x"], "to": "y"}], "others": "refuse"},
    "drop_short": {"columns": ["label"], "minimum_characters": 1},
    "drop_long": {"columns": ["text"], "maximum_characters": 60},
    "drop_missing": {"columns": ["count"]},
    "drop_other_languages": {"columns": ["text"], "languages": ["en"], "minimum_characters": 10},
    "drop_minority_languages": {"columns": ["text"], "minimum_characters": 10, "minimum_probability": 0.5},
    "weigh_sample": {"groups": ["known"], "formula": "reweighing"},
    "winsorize": {"lower_share": 0.2, "upper_share": 0.7},
}
KEPT = {"text": "1", "label": "y", "split": "test", "count": 1, "share": 0.0, "known": True}
SPECIAL = ["<b>A</b> &lt;i&gt;", "cafÃ© ﬁ", "a@b.de +49 30 901820", "31.12.2024", "2024-03-31T10:00+05:30", "$1,234.5"]
SPECIAL += [
    "Ich habe meine Karte verloren",
    "I have lost my card today",
    "ΟΔΟΣ İ",
    "4111 1111 1111 1111",
    "yes",
    "x" * 61,
]
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8) | st.sampled_from(SPECIAL)
ROW = st.fixed_dictionaries(
    {
        "split": st.sampled_from(["train", "train", "test"]),
        "text": st.none() | TEXT,
        "label": st.sampled_from(["x", "y", "", None]),
        "count": st.none() | st.integers(-3, 3) | st.integers(-(2**63), 2**63 - 1),
        "share": st.none() | st.floats(allow_nan=False),
        "known": st.none() | st.booleans(),
    }
)
ROWS = st.lists(ROW, min_size=1, max_size=10)
SLOW_FIXTURES = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


def agree(version: DatasetRef, engines: list[Engine], run: Run, rules: tuple[str, ...]) -> None:
    """One digest, that which the rows have, and one quarantine."""
    refs = [run(version, engine, *rules, **OPTIONS) for engine in engines]
    manifests = [open_version(ref).manifest for ref in refs]
    assert len({ref.digest for ref in refs}) == 1
    assert all(manifest.quarantined == manifests[0].quarantined for manifest in manifests)
    for ref, manifest in zip(refs, manifests, strict=True):
        parts = map(file_digest, part_files(open_version(ref).rows))
        assert final_digest(manifest.columns, parts) == ref.digest
        assert ref.rows_out + ref.quarantined == version.rows_out


@pytest.mark.parametrize("rule", RULES)
@settings(max_examples=4, suppress_health_check=SLOW_FIXTURES)
@given(rows=ROWS)
def test_polars_and_dask_agree_on_each(
    raw: Raw, run: Run, engines: dict[str, Engine], rule: str, rows: list[dict[str, Any]]
) -> None:
    agree(raw(*rows, KEPT), [engines["polars"], engines["dask"]], run, (rule,))


@settings(max_examples=8, suppress_health_check=SLOW_FIXTURES)
@given(rows=ROWS, rules=st.lists(st.sampled_from([r for r in RULES if "parse" not in r]), max_size=5, unique=True))
def test_polars_and_dask_agree_on_some_in_any_order(
    raw: Raw, run: Run, engines: dict[str, Engine], rows: list[dict[str, Any]], rules: list[str]
) -> None:
    agree(raw(*rows, KEPT), [engines["polars"], engines["dask"]], run, tuple(rules))


def test_spark_agrees(raw: Raw, run: Run, engines: dict[str, Engine]) -> None:
    version = raw(
        {"text": "<b>A</b> ΟΔΟΣ\u00a0İ a@b.de", "label": "x", "share": -0.0, "count": 2**62},
        {"text": "cafÃ© ﬁ", "label": "x", "count": 5, "known": True},
        {"text": "Ich habe meine Karte verloren", "label": "y", "count": 7, "share": 1e-310, "known": False},
        {"text": "I have lost my card today", "label": None, "count": -(2**63), "share": 0.1},
        {"text": "I lost my other card as well", "label": "y", "share": 1e300},
        {"text": "4111 1111 1111 1111", "label": "", "split": "test", "share": 0.3, "known": True},
        {"text": None, "label": "x", "count": 5, "share": 0.1},
        KEPT,
    )
    kinds = {name: rule.kind for name, rule in known_rules().items() if name in RULES}
    on_rows = tuple(name for name, kind in kinds.items() if kind in ("rows", "batch") and "parse" not in name)
    on_all_rows = tuple(name for name, kind in kinds.items() if kind in ("frame", "engine"))
    assert len(on_rows) + len(on_all_rows) == len(RULES) - 2
    agree(version, list(engines.values()), run, (*on_rows, "parse_numbers"))
    agree(version, list(engines.values()), run, (*on_all_rows, "parse_booleans"))


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule not in ONCE])
@settings(max_examples=5, suppress_health_check=SLOW_FIXTURES)
@given(rows=ROWS)
def test_twice_is_once_and_no_row_is_lost(
    raw: Raw, run: Run, engines: dict[str, Engine], rule: str, rows: list[dict[str, Any]]
) -> None:
    version = raw(*rows, KEPT)
    once = run(version, engines["polars"], rule, **OPTIONS)
    assert once.rows_out + once.quarantined == len(rows) + 1
    assert set(refused(once).values()) <= {rule}
    twice = run(once, engines["polars"], rule, **OPTIONS)
    assert (twice.digest, twice.quarantined) == (once.digest, 0)
