"""How the tests of ingest write a source and read what became of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tasks.data.references import DatasetRef
from tasks.ingest.config import ColumnContract, IngestOptions, SourceColumns
from tasks.ingest.ingest import ingest
from tasks.ingest.sources.sources import resolve

Ingest = Callable[..., DatasetRef]


@pytest.fixture
def ingest_file(tmp_path: Path) -> Ingest:
    """Ingest one file of the given bytes; options by name, columns by role."""

    def run(content: str | bytes, name: str = "source.csv", **options: Any) -> DatasetRef:
        file = tmp_path / name
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        columns = {role: options.pop(role) for role in SourceColumns.model_fields if role in options}
        contract = options.pop("contract", [ColumnContract(name="text"), ColumnContract(name="label")])
        full = IngestOptions(path=str(file), columns=SourceColumns(**columns), contract=contract, **options)
        return ingest(full, resolve(full), tmp_path / "datasets")

    return run


@pytest.fixture
def nothing_written(tmp_path: Path) -> Callable[[], bool]:
    """Whether the data set's folder is empty."""
    return lambda: not list((tmp_path / "datasets").glob("*"))
