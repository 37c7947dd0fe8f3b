"""Small data set versions to train on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from tasks.data.canonical import column_types
from tasks.data.digest import final_digest, partial_digest
from tasks.data.manifest import Manifest
from tasks.data.parts import PartWriter
from tasks.data.references import DatasetRef
from tasks.data.version import QUARANTINE, ROWS, writing

WriteVersion = Callable[[dict[str, Sequence[Any]], Sequence[str]], DatasetRef]


def write_version(folder: Path, payload: dict[str, Sequence[Any]], split: Sequence[str]) -> DatasetRef:
    """Publish a version with these columns, a split a row, and row ids in the order given."""
    ids = [f"{row:032x}-{row:012d}" for row in range(len(split))]
    table = pa.table(
        {"row_id": ids, "key": [row[:32] for row in ids], "split": pa.array(split, pa.string()), **payload}
    )
    columns = column_types(table.schema)
    digest = final_digest(columns, [partial_digest(table)])
    manifest = Manifest(
        digest=digest,
        columns=columns,
        rows_in=len(split),
        rows_out=len(split),
        quarantined={},
        recipe_hash="",
        code_hash="",
        engine="test",
    )
    with writing(folder) as draft:
        for name, rows in ((ROWS, table), (QUARANTINE, table.slice(0, 0))):
            with PartWriter(draft.path / name, table.schema) as writer:
                writer.write(rows)
        return draft.publish(manifest)


@pytest.fixture
def publish(tmp_path: Path) -> WriteVersion:
    """Publish a data set version below the test's folder."""
    return lambda payload, split: write_version(tmp_path / "dataset", payload, split)
