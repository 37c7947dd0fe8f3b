"""Sketches of all rows, in columnar files: row, rank, shingles and band hashes. A row's number is its place here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.ipc

from tasks.clean.near.hashing import Int64, UInt64, finish, hash_spans, text_bytes
from tasks.clean.near.shingles import Shingles, Unit, shingle
from tasks.clean.near.signatures import Bands, band_hashes
from tasks.clean.near.stages import in_threads

_ROWS = 1000  # at a time: what is computed of them stays in the processor's cache
Keep = Literal["longest", "first", "newest"]
RANK = ("row_id", "is_test", "weight")


@dataclass(frozen=True)
class Method:
    """What makes two rows alike, and one better than another.

    Attributes:
        size: units in a shingle.
        newest_by: the column whose greatest value stays, for `newest`.
    """

    columns: tuple[str, ...]
    unit: Unit
    size: int
    bands: Bands
    keep: Keep
    newest_by: str = ""


@dataclass(frozen=True)
class Part:
    """A file of sketches and how many it has."""

    name: str
    rows: int


def write_sketches(method: Method, folder: Path, threads: int, part: str, batches: Iterable[pa.Table]) -> Part:
    """Sketch a part of the rows. Those without a shingle are like no other, and are left out."""
    pieces = (piece for batch in batches for piece in batch.to_batches(max_chunksize=_ROWS))
    rows = 0
    writer: pa.ipc.RecordBatchFileWriter | None = None
    try:
        for sketches in in_threads(partial(_sketch, method), pieces, threads):
            if not sketches.num_rows:
                continue
            writer = writer or pa.ipc.new_file(str(folder / f"{part}.arrow"), sketches.schema)
            writer.write_batch(sketches)
            rows += sketches.num_rows
    finally:
        if writer:
            writer.close()
    return Part(part, rows)


@dataclass(frozen=True)
class Sketches:
    """All sketches, read from their files where they are asked for."""

    folder: Path
    parts: tuple[Part, ...]

    @property
    def count(self) -> int:
        """The number of rows."""
        return sum(part.rows for part in self.parts)

    def column(self, name: str) -> UInt64:
        """A column of numbers, of all rows."""
        place = self._batches[0].schema.get_field_index(name) if self._batches else 0
        return np.concatenate([np.empty(0, np.uint64), *(batch.column(place).to_numpy() for batch in self._batches)])

    def take(self, rows: Int64, names: Sequence[str]) -> pa.Table:
        """Some columns of some rows, by their numbers in rising order."""
        owners = np.searchsorted(self._begins, rows, side="right") - 1
        owned, cuts = np.unique(owners, return_index=True)
        taken = [
            self._batches[owner].select(list(names)).take(pa.array(rows[begin:end] - self._begins[owner]))
            for owner, (begin, end) in zip(owned.tolist(), pairwise([*cuts, len(rows)]), strict=True)
        ]
        return pa.Table.from_batches(taken).combine_chunks()

    @cached_property
    def _batches(self) -> list[pa.RecordBatch]:
        """Mapped into memory: only what is looked at is read."""
        files = [
            pa.ipc.open_file(pa.memory_map(str(self.folder / f"{part.name}.arrow"))) for part in self.parts if part.rows
        ]
        return [file.get_batch(number) for file in files for number in range(file.num_record_batches)]

    @cached_property
    def _begins(self) -> Int64:
        return np.cumsum([0, *(batch.num_rows for batch in self._batches[:-1])])

    def __getstate__(self) -> dict[str, Any]:
        """A worker opens the files itself."""
        return {"folder": self.folder, "parts": self.parts}


def band_name(band: int) -> str:
    """The column of a band's hashes."""
    return f"band-{band}"


def _sketch(method: Method, batch: pa.RecordBatch) -> pa.RecordBatch:
    texts = [(name, batch.column(name)) for name in method.columns]
    shingles = shingle(texts, method.unit, method.size)
    there = shingles.counts > 0
    some = Shingles(shingles.hashes, np.append(shingles.offsets[:-1][there], shingles.offsets[-1]))
    hashes = band_hashes(some, method.bands)
    rows = batch.filter(pa.array(there))
    columns = {
        "row_id": rows.column("row_id"),
        "is_test": pc.equal(rows.column("split"), "test"),
        "weight": _weight(method, rows),
        "order": _order(rows.column("row_id")),
        "shingles": pa.LargeListArray.from_arrays(some.offsets, some.hashes),
        **{band_name(band): np.ascontiguousarray(hashes[:, band]) for band in range(method.bands.count)},
    }
    return pa.record_batch(columns)


def _weight(method: Method, rows: pa.RecordBatch) -> pa.Array:
    """What the greatest of stays."""
    if method.keep == "longest":
        lengths = [pc.fill_null(pc.utf8_length(rows.column(name)), 0) for name in method.columns]
        total = lengths[0]
        for length in lengths[1:]:
            total = pc.add(total, length)
        return total
    if method.keep == "newest":
        return rows.column(method.newest_by)
    return pa.array(np.zeros(rows.num_rows, np.int64))


def _order(row_ids: pa.Array) -> UInt64:
    """A number for each row that looks random, and is the same on every engine."""
    data, borders = text_bytes(row_ids)
    return finish(hash_spans(data, borders[:-1], borders[1:]))
