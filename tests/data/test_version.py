"""Versions appear whole or not at all."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow as pa
import pytest

from infra.errors import DataError, MachineError, NotFoundError
from infra.settings.home import checkout
from tasks.data.canonical import arrow_schema
from tasks.data.digest import final_digest, partial_digest
from tasks.data.manifest import MANIFEST, Manifest
from tasks.data.parts import PartWriter, part_files, read_parts
from tasks.data.references import DatasetRef
from tasks.data.version import QUARANTINE, ROWS, open_version, read_rows, writing

COLUMNS = {"row_id": "string", "key": "string", "split": "string", "text": "string"}
SCHEMA = arrow_schema(COLUMNS)
TABLE = pa.table(
    {"row_id": ["b", "a", "c"], "key": ["1", "2", "3"], "split": ["train", "test", "train"], "text": ["x", "y", "z"]}
)


def write(folder: Path, rows: pa.Table = TABLE, parent: str = "p") -> DatasetRef:
    with writing(folder) as draft:
        for name in (ROWS, QUARANTINE):
            with PartWriter(draft.path / name, SCHEMA) as parts:
                parts.write(rows if name == ROWS else rows.slice(0, 0))
        manifest = Manifest(
            digest=final_digest(COLUMNS, [partial_digest(rows)]),
            columns=COLUMNS,
            rows_in=rows.num_rows,
            rows_out=rows.num_rows,
            quarantined={},
            recipe_hash="r",
            code_hash="c",
            parents=(parent,),
            engine="none",
        )
        return draft.publish(manifest)


def test_a_version_reads_as_written_in_the_order_of_row_id(tmp_path: Path) -> None:
    ref = write(tmp_path)
    assert read_rows(ref)["text"].to_pylist() == ["y", "x", "z"]
    assert read_rows(ref, "train", ["text"]).to_pydict() == {"text": ["x", "z"]}
    assert read_rows(ref, columns=["text", "split"]).column_names == ["text", "split"]
    assert open_version(ref).manifest.parents == ("p",)


def test_equal_work_gives_one_directory(tmp_path: Path) -> None:
    assert write(tmp_path) == write(tmp_path)
    assert len(list(tmp_path.iterdir())) == 1


def test_equal_rows_of_another_parent_keep_their_lineage(tmp_path: Path) -> None:
    one, other = write(tmp_path, parent="p"), write(tmp_path, parent="q")
    assert one.digest == other.digest
    assert [open_version(ref).manifest.parents for ref in (one, other)] == [("p",), ("q",)]


def test_a_failed_write_leaves_nothing(tmp_path: Path) -> None:
    def fail() -> None:
        with writing(tmp_path) as draft:
            (draft.path / ROWS).mkdir()
            raise RuntimeError("no")

    with pytest.raises(RuntimeError, match="no"):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_a_killed_write_is_never_found_and_removed_by_the_next(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from tasks.data.version import writing\n"
        "with writing(Path(sys.argv[1])) as draft:\n"
        "    (draft.path / 'rows').mkdir(); (draft.path / 'rows' / 'part').write_text('half')\n"
        "    print('ready', flush=True); time.sleep(60)\n"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True, cwd=checkout()
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    held = write(tmp_path)  # beside a live writer: its draft stays
    assert len(list(tmp_path.glob(".draft-*"))) == 1
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    child.stdout.close()
    assert len(list(tmp_path.glob(".draft-*"))) == 1
    assert write(tmp_path) == held
    assert [path.name for path in tmp_path.iterdir()] == [Path(held.path).name]


def test_a_version_that_is_gone_is_named(tmp_path: Path) -> None:
    ref = DatasetRef(path=str(tmp_path / "gone"), digest="d", rows_in=0, rows_out=0, quarantined=0)
    with pytest.raises(NotFoundError, match=r"found nothing at .*gone"):
        open_version(ref)


def test_a_version_of_another_digest_is_refused(tmp_path: Path) -> None:
    ref = write(tmp_path)
    with pytest.raises(DataError, match=r"allowed: digest other"):
        open_version(ref.model_copy(update={"digest": "other"}))


def test_a_place_that_is_no_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(MachineError, match=r"found a file in its place or above it.*set LEPTON_HOME"):
        write(tmp_path / "file" / "dataset")


def test_a_full_disk_is_named(tmp_path: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("needs /dev/full")

    def fill() -> None:
        with writing(tmp_path), Path("/dev/full").open("w") as full:
            full.write("x")

    with pytest.raises(MachineError, match=r"found .*No space left on device"):
        fill()
    assert list(tmp_path.iterdir()) == []


def test_parts_roll_over(tmp_path: Path) -> None:
    with PartWriter(tmp_path, TABLE.schema, rows_per_part=3) as parts:
        for _ in range(3):
            parts.write(TABLE)
    assert len(part_files(tmp_path)) == 3
    assert sum(table.num_rows for table in read_parts(tmp_path)) == parts.rows == 9


def test_the_manifest_says_nothing_of_time(tmp_path: Path) -> None:
    first = write(tmp_path / "one")
    time.sleep(0.01)
    second = write(tmp_path / "two")
    texts = {(Path(ref.path) / MANIFEST).read_text() for ref in (first, second)}
    assert len(texts) == 1
