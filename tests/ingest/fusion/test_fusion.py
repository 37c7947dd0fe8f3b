"""Several sources become one: by hand on a few rows, and one invariant for all: no row is lost without a trace."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from infra.errors import DataError
from tasks.data.manifest import Manifest
from tasks.data.references import DatasetRef
from tasks.data.version import open_version, read_rows
from tasks.ingest.config import IngestOptions
from tasks.ingest.fusion import buckets
from tasks.ingest.ingest import ingest
from tasks.ingest.sources.sources import resolve

Rows = list[dict[str, Any]]
Fuse = Callable[..., DatasetRef]
SIDES = {"columns": {"split": "side"}}


@pytest.fixture
def fuse(tmp_path: Path) -> Fuse:
    """Write each source as jsonl, or csv if it is text, and ingest them; options of a source come with its rows."""

    def run(contract: Rows, fusion: dict[str, Any], *sources: tuple[str, Rows | str, dict[str, Any]]) -> DatasetRef:
        places = []
        for name, rows, more in sources:
            file = tmp_path / f"{name}.{'csv' if isinstance(rows, str) else 'jsonl'}"
            file.write_text(rows if isinstance(rows, str) else "".join(json.dumps(row) + "\n" for row in rows))
            places.append({"name": name, "path": str(file), **more})
        options = IngestOptions.model_validate(
            {"sources": places, "fusion": fusion, "contract": contract, "max_bad_share": 0.9}
        )
        return ingest(options, resolve(options), tmp_path / "datasets")

    return run


def manifest(ref: DatasetRef) -> Manifest:
    return open_version(ref).manifest


def rows(ref: DatasetRef, *names: str) -> set[tuple[Any, ...]]:
    return set(zip(*(column.to_pylist() for column in read_rows(ref, columns=names).columns), strict=True))


def quarantine(ref: DatasetRef) -> list[tuple[str, str]]:
    files = open_version(ref).quarantine.glob("*.parquet")
    found = [row for file in files for row in pq.read_table(file).to_pylist()]
    return sorted((row["refused"], Path(row["origin"]).name) for row in found)


CRM = """id,name,age,changed,side
1,Ann,30,2024-01-01,train
2,Bob,,2024-01-02,test
3,Cem,50,2024-01-03,train
"""
WEB = """customer;fullname;years;seen;side
2;Robert;41;2023-12-31;test
3;Cem;51;2024-02-01T10:00:00+01:00;train
4;Dee;22;2024-01-01;test
"""
CONTRACT = [{"name": "id", "type": "integer"}, {"name": "name"}, {"name": "age", "type": "integer", "nullable": True}]
NAMES = ("customer", "id"), ("fullname", "name"), ("years", "age"), ("seen", "changed")
OF_WEB = {"delimiter": ";", "rename": [{"column": column, "to": to} for column, to in NAMES], **SIDES}
BOTH = ("crm", CRM, SIDES), ("web", WEB, OF_WEB)


def test_a_union_maps_columns_and_keeps_the_source(fuse: Fuse) -> None:
    ref = fuse(CONTRACT, {}, *BOTH)
    assert rows(ref, "id", "name", "age", "source") == {
        *((1, "Ann", 30, "crm"), (2, "Bob", None, "crm"), (3, "Cem", 50, "crm")),
        *((2, "Robert", 41, "web"), (3, "Cem", 51, "web"), (4, "Dee", 22, "web")),
    }
    told = manifest(ref)
    assert (told.rows_in, told.rows_out, told.merged, told.conflicts) == (6, 6, 0, {})
    assert told.rows_by_source == {"crm": 3, "web": 3}
    assert list(told.sources) == ["crm/crm.csv", "web/web.csv"]
    assert told.left_out == ("crm.changed", "web.seen")


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, {(2, "Bob", None, "crm"), (3, "Cem", 50, "crm")}),
        ({"priority": 1}, {(2, "Robert", 41, "web"), (3, "Cem", 51, "web")}),
    ],
)
def test_a_union_by_key_keeps_the_preferred_row(
    fuse: Fuse, more: dict[str, int], expected: set[tuple[Any, ...]]
) -> None:
    ref = fuse(CONTRACT, {"on": ["id"]}, BOTH[0], ("web", WEB, OF_WEB | more))
    assert rows(ref, "id", "name", "age", "source") == {(1, "Ann", 30, "crm"), (4, "Dee", 22, "web"), *expected}
    told = manifest(ref)
    assert told.conflicts == {"age": 1, "name": 1}
    assert (told.rows_in, told.rows_out, told.merged) == (6, 4, 0)
    winner = "web" if more else "crm"
    reason = f"fusion: another row of the key stands, of {winner}"
    assert quarantine(ref) == [
        (reason, name) for name in (["crm.csv:3", "crm.csv:4"] if more else ["web.csv:2", "web.csv:3"])
    ]


def test_a_union_by_key_keeps_the_freshest_row(fuse: Fuse) -> None:
    ref = fuse(CONTRACT, {"on": ["id"], "conflict": "freshest", "freshest_by": "changed"}, *BOTH)
    assert rows(ref, "id", "source") == {(1, "crm"), (2, "crm"), (3, "web"), (4, "web")}


def test_a_join_takes_each_column_from_the_preferred_source_that_has_a_value(fuse: Fuse) -> None:
    ref = fuse(CONTRACT, {"method": "join", "on": ["id"]}, *BOTH)
    assert rows(ref, "id", "name", "age", "source") == {
        (1, "Ann", 30, "crm"),
        (2, "Bob", 41, "crm+web"),
        (3, "Cem", 50, "crm+web"),
        (4, "Dee", 22, "web"),
    }
    told = manifest(ref)
    assert (told.rows_in, told.rows_out, told.merged, sum(told.quarantined.values())) == (6, 4, 2, 0)
    assert told.conflicts == {"age": 1, "name": 1}


def test_a_join_by_freshness(fuse: Fuse) -> None:
    ref = fuse(CONTRACT, {"method": "join", "on": ["id"], "conflict": "freshest", "freshest_by": "changed"}, *BOTH)
    assert {(2, "Bob", 41), (3, "Cem", 51)} < rows(ref, "id", "name", "age")


def test_a_join_of_sources_that_have_different_columns(fuse: Fuse) -> None:
    """A source with several rows for a key keeps one of them; a key that only one source has lacks a column."""
    people = "id,name,side\n" + "".join(f"{n},name {n},{'test' if n < 2 else 'train'}\n" for n in range(5))
    ages = "id,age\n1.0,10\n1,11\n 2 ,20\n9,90\n,5\n"
    contract = [*CONTRACT[:2], {"name": "age", "type": "integer", "nullable": True}]
    ref = fuse(contract, {"method": "join", "on": ["id"]}, ("people", people, SIDES), ("ages", ages, {}))
    expected = [(1, "name 1", 10, "people+ages"), (2, "name 2", 20, "people+ages"), (3, "name 3", None, "people")]
    assert {*expected, (0, "name 0", None, "people")} < rows(ref, "id", "name", "age", "source")
    assert quarantine(ref) == [
        ("fusion: another row of the key stands, of ages", "ages.csv:3"),
        ("fusion: no value for id", "ages.csv:6"),
        ("name: missing", "ages.csv:5"),
    ]
    assert (manifest(ref).rows_in, manifest(ref).merged, manifest(ref).conflicts) == (10, 2, {"age": 1})


def test_equal_values_that_are_written_differently_are_no_conflict(fuse: Fuse) -> None:
    left = "id,share,known,side\n1,0.50,TRUE,test\n2,1e3,0,train\n"
    right = "id,share,known,side\n1,.5,1,test\n2,1000,false,train\n"
    contract = [
        {"name": "id", "type": "integer"},
        {"name": "share", "type": "number"},
        {"name": "known", "type": "boolean"},
    ]
    ref = fuse(contract, {"method": "join", "on": ["id"]}, ("left", left, SIDES), ("right", right, SIDES))
    assert manifest(ref).conflicts == {}
    assert rows(ref, "id", "share", "known") == {(1, 0.5, True), (2, 1000.0, False)}


def test_a_row_that_breaks_the_contract_does_not_beat_one_that_keeps_it(fuse: Fuse) -> None:
    good = "id,name,side\n1,Ann,test\n2,Bob,train\n"
    bad = "id,name,side\n1,,test\n2,Bobby,train\n"
    ref = fuse(CONTRACT[:2], {"on": ["id"]}, ("bad", bad, SIDES), ("good", good, SIDES))
    assert rows(ref, "id", "name", "source") == {(1, "Ann", "good"), (2, "Bobby", "bad")}
    assert ("name: missing", "bad.csv:2") in quarantine(ref)


def test_what_must_be_unique_is_so_in_what_stands(fuse: Fuse) -> None:
    contract = [CONTRACT[0], {"name": "name", "unique": True}]
    web = "id,name,side\n1,Anna,test\n5,Bob,train\n"
    ref = fuse(contract, {"on": ["id"]}, ("crm", CRM, SIDES), ("web", web, SIDES))
    assert rows(ref, "id", "name") == {(1, "Ann"), (2, "Bob"), (3, "Cem")}
    assert ("name: not unique", "web.csv:3") in quarantine(ref)


def test_freshness_that_can_not_be_read(fuse: Fuse) -> None:
    left = "id,name,at,side\n1,Ann,soon,test\n1,Anna,,test\n2,Bob,3,train\n2,Rob,20,train\n"
    ref = fuse(CONTRACT[:2], {"on": ["id"], "conflict": "freshest", "freshest_by": "at"}, ("left", left, SIDES))
    assert rows(ref, "name") == {("Anna",), ("Rob",)}
    assert quarantine(ref)[1] == ("fusion: at is no number and no ISO date", "left.csv:2")


def test_freshness_in_numbers_and_in_dates(fuse: Fuse) -> None:
    sources = [
        (name, f"id,name,at,side\n{n},A,{at},test\n", SIDES) for n, name, at in ((1, "a", 5), (2, "b", "2024-01-01"))
    ]
    with pytest.raises(DataError, match=r"column 'at': found the number 5 and the date 2024-01-01; .*not both"):
        fuse(CONTRACT[:2], {"on": ["id"], "conflict": "freshest", "freshest_by": "at"}, *sources)


def test_a_column_that_a_source_lacks(fuse: Fuse, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"column 'name' of source web \(for name\): found only the columns customer, "):
        fuse(CONTRACT, {}, BOTH[0], ("web", WEB, {"delimiter": ";", "rename": [{"column": "customer", "to": "id"}]}))
    assert not list((tmp_path / "datasets").glob("*"))


def test_roles_of_each_source(fuse: Fuse) -> None:
    """Equal texts of two sources are on one side of the split, though they differ in their source."""
    left = "question,intent\n" + "".join(f"text {n},{n % 2}\n" for n in range(60))
    right = "text,label\n" + "".join(f"text {n},{n % 2}\n" for n in range(30, 90))
    columns = {"columns": {"text": "question", "label": "intent"}}
    contract = [{"name": "text"}, {"name": "label"}]
    ref = fuse(contract, {}, ("left", left, columns), ("right", right, {}))
    sides = rows(ref, "text", "split")
    assert len(sides) == 90 and ref.rows_out == 120


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"path": "a.csv"}, "sources: found path beside it; move these into the sources"),
        ({"columns": {"text": "t"}}, "sources: found columns beside it"),
        ({"sources": [{"name": "a", "path": "x"}] * 2}, "sources: found a name twice"),
        ({"contract": [{"name": "source"}]}, "contract: found 'source', which fusion adds itself"),
        ({"fusion": {"method": "join"}}, "on: found no column; a join needs at least one"),
        ({"fusion": {"on": ["a", "a"]}}, "on: found a column twice"),
        ({"fusion": {"on": ["a"], "conflict": "freshest"}}, "freshest_by: found nothing with conflict freshest"),
        ({"fusion": {"on": ["a"], "freshest_by": "b"}}, "freshest_by: found 'b' with conflict priority"),
        ({"sources": [], "path": "a", "fusion": {"on": ["a"]}}, "fusion: found options but no ingest.sources"),
        ({"incremental": "files"}, "incremental: found files with several sources"),
        (
            {
                "sources": [
                    {"name": "a", "path": "x", "columns": {"text": "t"}, "rename": [{"column": "u", "to": "text"}]}
                ]
            },
            "rename: found two columns for text",
        ),
    ],
)
def test_contradictions(changes: dict[str, Any], message: str) -> None:
    good = {"sources": [{"name": "a", "path": "x"}, {"name": "b", "path": "y"}], "contract": [{"name": "text"}]}
    IngestOptions.model_validate(good)
    with pytest.raises(ValidationError, match=message):
        IngestOptions.model_validate(good | changes)


KEYS = st.integers(0, 6)
VALUES = st.one_of(st.none(), st.sampled_from(["x", "y", "z"]))
SOURCE_ROWS = st.lists(st.tuples(KEYS, VALUES, st.integers(0, 3)), max_size=8)


def _by_hand(method: str, freshest: bool, sources: list[list[tuple[int, str | None, int]]]) -> dict[int, str | None]:
    """Fusion of one column as one would write it without a thought of size."""
    found: dict[int, list[tuple[tuple[int, int, int], str | None]]] = {}
    for order, source in enumerate(sources):
        for place, (key, value, at) in enumerate(source):
            found.setdefault(key, []).append(((-at if freshest else 0, order, place), value))
    fused = {}
    for key, group in found.items():
        group.sort(key=lambda pair: pair[0])
        firsts = {order: pair for pair in reversed(group) for order in [pair[0][1]]}  # one row of each source
        values = [value for _, value in sorted(firsts.values(), key=lambda pair: pair[0])]
        filled = [value for value in values if value is not None]
        fused[key] = group[0][1] if method == "union" else filled[0] if filled else None
    return fused


@pytest.mark.parametrize("method", ["union", "join"])
@pytest.mark.parametrize("freshest", [False, True])
@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_fusion_by_hand_and_no_row_lost(
    fuse: Fuse, monkeypatch: pytest.MonkeyPatch, method: str, freshest: bool, data: st.DataObject
) -> None:
    monkeypatch.setattr(buckets, "_ROWS_AT_ONCE", 3)
    monkeypatch.setattr(buckets, "_ROWS_IN_GROUP", 2)
    sources = [data.draw(SOURCE_ROWS) for _ in range(2)]
    sources[0] = [(100, "x", 0), (101, "y", 0), *sources[0]]  # one for each side of the split
    written = [
        [{"id": k, "value": v, "at": at, "side": "test" if k == 100 else "train"} for k, v, at in source]
        for source in sources
    ]
    contract = [{"name": "id", "type": "integer"}, {"name": "value", "nullable": True}]
    fusion = {"method": method, "on": ["id"], **({"conflict": "freshest", "freshest_by": "at"} if freshest else {})}
    filled = [(f"s{n}", rows or [{"id": None}], SIDES) for n, rows in enumerate(written)]
    ref = fuse(contract, fusion, *filled)
    told = manifest(ref)
    assert dict(rows(ref, "id", "value")) == _by_hand(method, freshest, sources)
    assert told.rows_in == sum(len(rows) for _, rows, _ in filled) == sum(told.rows_by_source.values())
    assert told.rows_in == told.rows_out + sum(told.quarantined.values()) + told.merged
