"""Values that may come once: the first row stays, later ones are named with their place."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.data.canonical import arrow_schema
from tasks.data.digest import file_digest
from tasks.data.parts import PartWriter, part_digest, part_files, read_parts
from tasks.data.references import DatasetRef
from tasks.data.version import open_version, read_rows
from tasks.ingest.config import ColumnContract, IngestOptions
from tasks.ingest.contract import unique
from tasks.ingest.contract.unique import KeyFile, key_file
from tasks.ingest.increment.increment import find_new, find_previous
from tasks.ingest.ingest import ingest
from tasks.ingest.quarantine import QUARANTINE_COLUMNS
from tasks.ingest.second_pass import LONE_LABEL, refuse_by_others
from tasks.ingest.sources.sources import resolve
from tasks.ingest.tally import Tally

Ingest = Callable[..., DatasetRef]
CONTRACT = [ColumnContract(name="id", unique=True, nullable=True), ColumnContract(name="text")]


def repeated(file: Path, columns: tuple[tuple[str, ...], ...], *batches: pa.Table) -> list[tuple[int, str, str]]:
    keys = KeyFile(file, columns)
    start = 1
    for batch in batches:
        keys.write(batch, "f", pa.array(range(start, start + batch.num_rows)))
        start += batch.num_rows
    return keys.repeated().select("position", "reason", "origin").rows()


def test_the_first_row_stays(tmp_path: Path) -> None:
    batches = pa.table({"a": ["x", "y", None]}), pa.table({"a": ["y", None, "x", "z", "x"]})
    assert repeated(tmp_path / "keys", (("a",),), *batches) == [
        (3, "a: not unique", "f:4"),
        (5, "a: not unique", "f:6"),
        (7, "a: not unique", "f:8"),
    ]


def test_columns_unique_together(tmp_path: Path) -> None:
    rows = pa.table({"a": ["x", "x", "x", "xy", "x"], "b": [1, 2, 1, 1, None]})
    assert repeated(tmp_path / "keys", (("a", "b"),), rows) == [(2, "a, b: not unique together", "f:3")]


def test_a_refused_row_is_no_earlier_row(tmp_path: Path) -> None:
    """Row 2 repeats row 1 in `a`; so row 3, which has the `b` of row 2 alone, stays."""
    rows = pa.table({"a": [1, 1, 2], "b": ["p", "q", "q"]})
    assert repeated(tmp_path / "keys", (("a",), ("b",)), rows) == [(1, "a: not unique", "f:2")]


@given(values=st.lists(st.tuples(st.integers(0, 3), st.sampled_from(["", "a", None])), max_size=40))
def test_like_a_set(tmp_path_factory: pytest.TempPathFactory, values: list[tuple[int, str | None]]) -> None:
    seen: set[tuple[int, str]] = set()
    expected = []
    for position, (number, text) in enumerate(values):
        if text is not None and (number, text) in seen:
            expected.append(position)
        elif text is not None:
            seen.add((number, text))
    rows = pa.table(
        {"n": pa.array([n for n, _ in values], pa.int64()), "t": pa.array([t for _, t in values], pa.string())}
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(unique, "_BUCKET_ROWS", 7)  # so that several buckets are looked through
        found = repeated(tmp_path_factory.mktemp("keys") / "keys", (("n", "t"),), rows.slice(0, 9), rows.slice(9))
    assert [position for position, _, _ in found] == expected


def test_rows_that_a_version_has_already_come_first(tmp_path: Path) -> None:
    pq.write_table(pa.table({"a": ["x", "y"], "other": [1, 2]}), tmp_path / "part-00000.parquet")
    keys = KeyFile(tmp_path / "keys", (("a",),))
    keys.write_parts([tmp_path / "part-00000.parquet"])
    keys.write(pa.table({"a": ["z", "x"]}), "new.csv", pa.array([2, 3]))
    assert keys.repeated().select("position", "origin").rows() == [(3, "new.csv:3")]


def test_only_parts_with_a_refused_row_are_written_again(tmp_path: Path) -> None:
    """Four rows in parts of two, after one row of a version before; the last row repeats that one."""
    schema = pa.schema([("a", pa.int64()), ("split", pa.string())])
    rows = pa.table({"a": [1, 2, 3, 9], "split": ["train", "train", "train", "test"]}, schema=schema)
    keys = KeyFile(tmp_path / "keys", (("a",),))
    keys.write(pa.table({"a": [9]}), "old.csv", pa.array([1]))
    keys.write(rows, "new.csv", pa.array([2, 3, 4, 5]))
    with PartWriter(tmp_path / "rows", schema, rows_per_part=2) as writer:
        for start in (0, 2):
            writer.write(rows.slice(start, 2))
    before = [part.stat().st_ino for part in part_files(tmp_path / "rows")]
    shared = tmp_path / "shared.parquet"
    shared.hardlink_to(part_files(tmp_path / "rows")[1])
    tally = Tally(good=5)
    with PartWriter(tmp_path / "quarantine", arrow_schema(QUARANTINE_COLUMNS)) as quarantine:
        refuse_by_others(tmp_path / "rows", keys, False, quarantine, tally, known_rows=1)
    after = [part.stat().st_ino for part in part_files(tmp_path / "rows")]
    assert (after[0] == before[0], after[1] == before[1]) == (True, False)
    assert [table["a"].to_pylist() for table in read_parts(tmp_path / "rows")] == [[1, 2], [3]]
    assert pq.read_table(shared)["a"].to_pylist() == [3, 9]
    (refused,) = [table for table in read_parts(tmp_path / "quarantine") if table.num_rows]
    assert refused.to_pylist() == [
        {"refused": "a: not unique", "origin": "new.csv:5", "content": '{"a": 9, "split": "test"}'}
    ]
    assert (tally.good, tally.reasons) == (4, {"a: not unique": 1})


def test_nothing_is_left_of_the_hashes(tmp_path: Path) -> None:
    with key_file(tmp_path / "keys", (("a",),)) as keys:
        assert keys
        keys.write(pa.table({"a": ["x"]}), "f", pa.array([1]))
    with key_file(tmp_path / "keys", ()) as none:
        assert none is None
    assert not list(tmp_path.iterdir())


def test_repeated_rows_go_to_quarantine(ingest_file: Ingest) -> None:
    text = (
        "id,text\n" + "".join(f"{n},t{n}\n" for n in range(50)) + ",missing one\n,missing two\n7,again\n7,and again\n"
    )
    ref = ingest_file(text, contract=CONTRACT, max_bad_share=0.1)
    version = open_version(ref)
    assert (ref.rows_in, ref.rows_out) == (54, 52)
    assert version.manifest.quarantined == {"id: not unique": 2}
    (refused,) = [table for table in read_parts(version.quarantine) if table.num_rows]
    assert [origin.rpartition("/")[2] for origin in refused["origin"].to_pylist()] == [
        "source.csv:54",
        "source.csv:55",
    ]
    assert "again" not in read_rows(ref)["text"].to_pylist()
    assert [part_digest(part) for part in part_files(version.rows)] == list(map(file_digest, part_files(version.rows)))
    assert ref.digest == ingest_file(text.partition("7,again")[0], contract=CONTRACT).digest
    assert sorted(path.name for path in version.path.iterdir() if "json" not in path.name) == ["quarantine", "rows"]


def test_a_label_that_is_alone_once_a_repeated_row_is_gone(ingest_file: Ingest) -> None:
    """The label `rare` stands on line 3, and on line 5, whose id came before."""
    lines = [
        "0,t,yes",
        "1,t,rare",
        "2,t,no",
        "1,t,rare",
        *(f"{n},t{n},{'yes' if n % 2 else 'no'}" for n in range(3, 60)),
    ]
    contract = [*CONTRACT, ColumnContract(name="label")]
    ref = ingest_file("id,text,label\n" + "\n".join(lines) + "\n", contract=contract, max_bad_share=0.1)
    version = open_version(ref)
    assert version.manifest.quarantined == {"id: not unique": 1, LONE_LABEL: 1}
    (refused,) = [table for table in read_parts(version.quarantine) if table.num_rows]
    assert [origin.rpartition(":")[2] for origin in refused["origin"].to_pylist()] == ["3", "5"]


def test_rows_that_are_added_to_a_version_are_held_against_its_own(tmp_path: Path) -> None:
    """Three runs over a folder that grows by a file; ids of the first two files come again in the third."""
    folder, into = tmp_path / "files", tmp_path / "datasets"
    folder.mkdir()
    options = IngestOptions(path=str(folder), contract=CONTRACT, incremental="files", max_bad_share=0.1)
    for number, ids in enumerate((range(50), range(50, 90), (*range(90, 100), 7, 70, 95))):
        (folder / f"{number}.csv").write_text("id,text\n" + "".join(f"{n},in file {number}\n" for n in ids))
        base = find_previous(options, into)
        ref = ingest(options, find_new(options, base) if base else resolve(options), into, base=base)
    version = open_version(ref)
    assert version.manifest.quarantined == {"id: not unique": 3}
    refused = [row for table in read_parts(version.quarantine) for row in table.to_pylist()]
    assert [row["origin"].rpartition("/")[2] for row in refused] == ["2.csv:12", "2.csv:13", "2.csv:14"]
    assert len(set(read_rows(ref)["id"].to_pylist())) == read_rows(ref).num_rows == 100
    whole = options.model_copy(update={"incremental": "off"})
    assert ingest(whole, resolve(whole), tmp_path / "whole").digest == ref.digest
