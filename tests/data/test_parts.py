from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tasks.data.digest import PartialDigest, content_hashes, file_digest
from tasks.data.hashes import Hashes
from tasks.data.parts import PartWriter, part_digest, part_files

ROWS = pa.table({"row_id": ["1", "2", "3"], "text": ["a", "b", None]})


@pytest.mark.parametrize("hashes", [None, content_hashes(ROWS)])
def test_each_part_notes_its_digest(tmp_path: Path, hashes: Hashes | None) -> None:
    with PartWriter(tmp_path, ROWS.schema, rows_per_part=4, digested=True) as parts:
        for _ in range(3):
            parts.write(ROWS, hashes)
    files = part_files(tmp_path)
    assert [pq.read_metadata(file).num_rows for file in files] == [6, 3]
    assert [part_digest(file) for file in files] == [file_digest(file) for file in files]
    assert parts.digest == sum(map(file_digest, files), PartialDigest())


def test_a_part_without_a_note_is_read(tmp_path: Path) -> None:
    with PartWriter(tmp_path, ROWS.schema) as parts:
        parts.write(ROWS)
    (file,) = part_files(tmp_path)
    assert b"lepton.digest" not in (pq.read_metadata(file).metadata or {})
    assert part_digest(file) == file_digest(file) == PartialDigest(3, part_digest(file).total)


def test_an_error_of_the_thread_that_writes_is_not_lost(tmp_path: Path) -> None:
    parts = PartWriter(tmp_path, ROWS.schema)

    def fail(table: pa.Table) -> None:
        raise OSError(28, "No space left on device")

    parts._file.write_table = fail
    with pytest.raises(OSError, match="No space left"), parts:
        parts.write(ROWS)
