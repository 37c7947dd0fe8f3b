"""Tables in a row of Parquet files, neither too small nor too large to spread over an engine's workers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Self

import pyarrow as pa
import pyarrow.parquet as pq

from tasks.data.digest import PartialDigest, file_digest, hashes_digest, partial_digest
from tasks.data.hashes import Hashes

_DIGEST = b"lepton.digest"
_NO_DICTIONARY = ("row_id", "key")  # no value comes twice, or few do


class PartWriter:
    """Writes `part-00000.parquet` and on; the first file exists even if no row came.

    It compresses in a thread of its own: an error of the disk may come with the next call. With `digested`, each file
    carries the digest of its rows in its footer, for `part_digest`.
    """

    def __init__(
        self,
        folder: Path,
        schema: pa.Schema,
        prefix: str = "part",
        rows_per_part: int = 200_000,
        digested: bool = False,
    ) -> None:
        self.folder, self.schema, self.prefix, self.rows_per_part = folder, schema, prefix, rows_per_part
        self.rows, self._parts, self._in_part, self._digested = 0, 0, 0, digested
        self.digest, self._part_digest = PartialDigest(), PartialDigest()
        folder.mkdir(parents=True, exist_ok=True)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="parts")
        self._writing: Future[None] | None = None
        self._file = self._next()

    def write(self, table: pa.Table, hashes: Hashes | None = None) -> None:
        """Append rows, and go on to the next file where this one is full. `hashes` are theirs, if they are known."""
        if self._in_part >= self.rows_per_part:
            self._close()
            self._file, self._in_part = self._next(), 0
        table = table.cast(self.schema)
        self._wait()
        self._writing = self._thread.submit(self._file.write_table, table)
        self.rows += table.num_rows
        self._in_part += table.num_rows
        if self._digested:
            part = partial_digest(table) if hashes is None else hashes_digest(hashes)
            self._part_digest += part
            self.digest += part

    def _next(self) -> pq.ParquetWriter:
        self._parts += 1
        names = [name for name in self.schema.names if name not in _NO_DICTIONARY]
        file = self.folder / f"{self.prefix}-{self._parts - 1:05d}.parquet"
        return pq.ParquetWriter(file, self.schema, compression="zstd", use_dictionary=names)

    def _wait(self) -> None:
        writing, self._writing = self._writing, None
        if writing:
            writing.result()

    def _close(self) -> None:
        self._wait()
        if self._digested:
            text = json.dumps([self._part_digest.count, f"{self._part_digest.total:064x}"])
            self._file.add_key_value_metadata({_DIGEST: text.encode()})
            self._part_digest = PartialDigest()
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        try:
            self._close()
        finally:
            self._thread.shutdown()


def part_digest(file: Path) -> PartialDigest:
    """The share of a part in the digest of its data set: as its writer noted it, else computed."""
    noted = pq.read_metadata(file).metadata or {}
    if _DIGEST not in noted:
        return file_digest(file)
    count, total = json.loads(noted[_DIGEST])
    return PartialDigest(count, int(total, 16))


def remove_strays(folder: Path, prefixes: tuple[str, ...]) -> None:
    """Remove files of other prefixes: attempts that a cluster gave up left them, and other files have their rows."""
    for file in part_files(folder):
        if not file.name.startswith(prefixes):
            file.unlink()


def part_files(folder: Path) -> list[Path]:
    """The Parquet files of a folder, in order."""
    return sorted(folder.glob("*.parquet"))


def read_parts(folder: Path, batch_size: int = 50_000) -> Iterator[pa.Table]:
    """The rows of a folder, a batch at a time."""
    for file in part_files(folder):
        with pq.ParquetFile(file) as parquet:
            for batch in parquet.iter_batches(batch_size=batch_size):
                yield pa.Table.from_batches([batch])
