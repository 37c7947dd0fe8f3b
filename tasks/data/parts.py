"""Tables in a row of Parquet files, neither too small nor too large to spread over an engine's workers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import pyarrow as pa
import pyarrow.parquet as pq


class PartWriter:
    """Writes `part-00000.parquet` and on; the first file exists even if no row came."""

    def __init__(self, folder: Path, schema: pa.Schema, prefix: str = "part", rows_per_part: int = 200_000) -> None:
        self.folder, self.schema, self.prefix, self.rows_per_part = folder, schema, prefix, rows_per_part
        self.rows, self._parts, self._in_part = 0, 0, 0
        folder.mkdir(parents=True, exist_ok=True)
        self._file = self._next()

    def write(self, table: pa.Table) -> None:
        """Append rows, and go on to the next file where this one is full."""
        if self._in_part >= self.rows_per_part:
            self._file.close()
            self._file, self._in_part = self._next(), 0
        self._file.write_table(table.cast(self.schema))
        self.rows += table.num_rows
        self._in_part += table.num_rows

    def _next(self) -> pq.ParquetWriter:
        self._parts += 1
        return pq.ParquetWriter(self.folder / f"{self.prefix}-{self._parts - 1:05d}.parquet", self.schema)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._file.close()


def part_files(folder: Path) -> list[Path]:
    """The Parquet files of a folder, in order."""
    return sorted(folder.glob("*.parquet"))


def read_parts(folder: Path, batch_size: int = 50_000) -> Iterator[pa.Table]:
    """The rows of a folder, a batch at a time."""
    for file in part_files(folder):
        with pq.ParquetFile(file) as parquet:
            for batch in parquet.iter_batches(batch_size=batch_size):
                yield pa.Table.from_batches([batch])
