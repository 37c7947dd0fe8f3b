"""Engines agree on every rule, over every real table that lies beside the checkout."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as csv
import pytest

from tasks.clean.engines import Engine
from tasks.clean.rules import known_rules
from tasks.data.canonical import canonical_table, column_types
from tasks.data.digest import final_digest, partial_digest
from tasks.data.manifest import Manifest
from tasks.data.parts import PartWriter
from tasks.data.references import DatasetRef
from tasks.data.split import hash_split, subject_keys
from tasks.data.version import QUARANTINE, ROWS, open_version, writing

Run = Callable[..., DatasetRef]
SAMPLE = 2_000
CATEGORIES = {  # of each table: a column of categories, two of which become one
    "adult": ("race", ["White", "Black"]),
    "airline_tweets": ("airline", ["Delta", "United"]),
    "banking77": ("intent", ["card_arrival", "card_linking"]),
    "bitext_replies": ("category", ["ORDER", "ACCOUNT"]),
    "bitext_support": ("category", ["ORDER", "ACCOUNT"]),
    "clinc150": ("domain", ["oos", "banking"]),
    "financial_phrasebank": ("label", ["neutral", "positive"]),
    "german_credit": ("housing", ["own", "rent"]),
    "stackfaq": ("kind", ["question", "answer"]),
    "stock_tweets": ("sentiment", ["neutral", "positive"]),
}
DATES = {"airline_tweets": "tweet_created", "stock_tweets": "created_at"}
EVERY_RULE = tuple(name for name in known_rules() if name != "drop_misaligned")  # no table here has tags
NEED_ALL_ROWS = tuple(name for name, rule in known_rules().items() if rule.kind in ("frame", "engine"))
ROW_BY_ROW = (*(name for name in EVERY_RULE if name not in NEED_ALL_ROWS and "parse" not in name), "parse_numbers")
STATISTICS = (  # without the duplicates, which have a suite of their own, and languages, which take a pass a rule
    "parse_booleans",
    *(name for name in NEED_ALL_ROWS if not name.endswith(("duplicates", "languages"))),
)


def options_for(name: str) -> dict[str, dict[str, Any]]:
    """Options with which every rule has something to do on a table."""
    column, two = CATEGORIES[name]
    named = {"columns": [column]}
    formats = ["iso8601", "%Y-%m-%d %H:%M:%S %z", "%Y-%m-%d %H:%M:%S%z"]
    return {
        "standardize_dates": {"columns": [DATES.get(name, column)], "formats": formats, "unmatched": "keep"},
        "map_categories": {"categories": [{"column": column, "values": two, "to": "both"}], "others": "replace"},
        "parse_numbers": named | {"unreadable": "missing"},
        "parse_booleans": named | {"true_words": two[:1], "false_words": two[1:], "unreadable": "missing"},
        "drop_short": {"minimum_characters": 2},
        "drop_long": {"maximum_characters": 300, "maximum_words": 60},
        "drop_missing": named,
        "balance_sample": named,
        "weigh_sample": {"label": column},
    }


def version(name: str, shared_data: Path, folder: Path, rows: int) -> DatasetRef:
    """A raw version of a table's first rows, of three parts."""
    source = csv.read_csv(
        shared_data / name / f"{name}.csv.gz", parse_options=csv.ParseOptions(newlines_in_values=True)
    )
    table = canonical_table(_plain(source.slice(0, rows)))
    ids = pa.chunked_array([[f"{number:08d}" for number in range(len(table))]])
    keys = subject_keys(ids)
    table = pa.table({"row_id": ids, "key": keys, "split": hash_split(keys, 0.2), **_columns(table)})
    columns = column_types(table.schema)
    with writing(folder) as draft:
        third = len(table) // 3 + 1
        with PartWriter(draft.path / ROWS, table.schema, rows_per_part=third) as parts:
            for begin in range(0, len(table), third):
                parts.write(table.slice(begin, third))
        with PartWriter(draft.path / QUARANTINE, table.schema):
            pass
        made = {"rows_in": len(table), "rows_out": len(table), "quarantined": {}, "recipe_hash": "", "code_hash": ""}
        digest = final_digest(columns, [partial_digest(table)])
        return draft.publish(Manifest.model_validate({"digest": digest, "columns": columns, "engine": "test", **made}))


def agree(raw: DatasetRef, engines: list[Engine], run: Run, rules: tuple[str, ...], options: dict[str, Any]) -> None:
    """One digest and one quarantine from all engines, and no row gone."""
    refs = [run(raw, engine, *rules, **options) for engine in engines]
    assert len({ref.digest for ref in refs}) == 1
    reasons = [open_version(ref).manifest.quarantined for ref in refs]
    assert all(reason == reasons[0] for reason in reasons)
    assert all(ref.rows_out + ref.quarantined == raw.rows_out for ref in refs)


@pytest.mark.parametrize("name", CATEGORIES)
def test_rules_on_rows_one_after_the_other(
    name: str, shared_data: Path, engines: dict[str, Engine], run: Run, tmp_path: Path
) -> None:
    raw = version(name, shared_data, tmp_path / "raw", SAMPLE)
    agree(raw, list(engines.values()), run, ROW_BY_ROW, options_for(name))


@pytest.mark.parametrize("name", CATEGORIES)
def test_rules_on_all_rows_one_after_the_other(
    name: str, shared_data: Path, engines: dict[str, Engine], run: Run, tmp_path: Path
) -> None:
    raw = version(name, shared_data, tmp_path / "raw", SAMPLE)
    agree(raw, [engines["polars"], engines["dask"]], run, STATISTICS, options_for(name))


@pytest.mark.parametrize("name", ["german_credit", "stock_tweets"])
def test_the_minority_s_languages(
    name: str, shared_data: Path, engines: dict[str, Engine], run: Run, tmp_path: Path
) -> None:
    raw = version(name, shared_data, tmp_path / "raw", 200)
    agree(raw, [engines["polars"], engines["dask"]], run, ("drop_minority_languages",), options_for(name))


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("rule", EVERY_RULE)
@pytest.mark.parametrize("name", CATEGORIES)
def test_each_rule_on_all_rows_of_each_table(
    name: str, rule: str, shared_data: Path, engines: dict[str, Engine], run: Run, tmp_path: Path
) -> None:
    raw = version(name, shared_data, tmp_path / "raw", 10**9)
    agree(raw, list(engines.values()), run, (rule,), options_for(name))


def _plain(table: pa.Table) -> pa.Table:
    """Without columns that take a reserved name, and with dates as the text they were."""
    columns = {name: _text(column) for name, column in _columns(table).items() if name not in ("split", "key")}
    return pa.table(columns)


def _text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return pc.cast(column, pa.string()) if pa.types.is_temporal(column.type) else column


def _columns(table: pa.Table) -> dict[str, pa.ChunkedArray]:
    return dict(zip(table.column_names, table.columns, strict=True))
