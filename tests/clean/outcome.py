"""What a clean version holds, for comparing."""

from __future__ import annotations

from typing import Any

from tasks.data.parts import read_parts
from tasks.data.references import DatasetRef
from tasks.data.version import open_version, read_rows


def values(ref: DatasetRef, column: str = "text") -> list[Any]:
    """A column of the rows that stayed, in the order of `row_id`."""
    found: list[Any] = read_rows(ref)[column].to_pylist()
    return found


def refused(ref: DatasetRef) -> dict[str, str]:
    """The rule that refused each row."""
    tables = [table for table in read_parts(open_version(ref).quarantine) if table.num_rows]
    return {row["row_id"]: row["refused"] for table in tables for row in table.to_pylist()}
