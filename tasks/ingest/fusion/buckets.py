"""Rows set down on disk by the hash of their key, so that rows of a key can be compared a few buckets at a time.

The first half of a Grace hash join (Kitsuregawa, Tanaka and Moto-oka, New Generation Computing 1, 1983).
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.ipc as ipc

from tasks.ingest.fusion.options import FusionOptions
from tasks.ingest.names import RESERVED_PREFIX
from tasks.ingest.scale import DECIMALS, DIGITS

if TYPE_CHECKING:
    import polars as pl

MEMBER, ROW, FILE, LINE, FRESH = (f"{RESERVED_PREFIX}{name}" for name in ("member", "row", "file", "line", "fresh"))
_BUCKET = f"{RESERVED_PREFIX}bucket"
_BUCKETS = 64
_ROWS_AT_ONCE = 200_000
_ROWS_IN_GROUP = 250_000


@dataclass(frozen=True)
class StagedRows:
    """Rows of one source, with what is needed to choose among them.

    Attributes:
        member: the source's place by preference.
        ranks: how fresh each is, and whether that could be read; empty: it does not matter.
    """

    rows: pa.Table
    member: int
    file: str
    lines: Sequence[int]
    ranks: Sequence[tuple[Decimal | None, bool]] = ()

    def reasons(self, options: FusionOptions) -> dict[int, str]:
        """Why a row can't be compared with others, by its place."""
        unreadable = f"fusion: {options.freshest_by} is no number and no ISO date"
        reasons = {place: unreadable for place, (_, is_read) in enumerate(self.ranks) if not is_read}
        for name in options.on:
            without = pc.indices_nonzero(pc.is_null(self.rows[name]))
            reasons |= dict.fromkeys(without.to_pylist(), f"fusion: no value for {name}")
        return reasons

    def table(self, places: Sequence[int], first_row: int) -> pa.Table:
        """Some of the rows, numbered from `first_row`."""
        rows, count = self.rows.take(pa.array(places, pa.int64())), len(places)
        fresh = [self.ranks[place][0] for place in places] if self.ranks else [None] * count
        beside = {
            MEMBER: pa.repeat(pa.scalar(self.member, pa.int32()), count),
            ROW: pa.array(range(first_row, first_row + count), pa.int64()),
            FILE: pa.repeat(pa.scalar(self.file, pa.string()), count),
            LINE: pa.array([self.lines[place] for place in places], pa.int64()),
            FRESH: pa.array(fresh, pa.decimal128(DIGITS, DECIMALS)),
        }
        return pa.table({**{name: rows[name] for name in rows.column_names}, **beside})


class Buckets:
    """A folder of rows by key. It is gone after the block."""

    def __init__(self, folder: Path, on: Sequence[str]) -> None:
        self._folder, self._on = folder, list(on)
        self._waiting: list[pa.Table] = []
        self._rows = 0
        self._counts = [0] * _BUCKETS
        self._writers: dict[int, ipc.RecordBatchFileWriter] = {}
        self._open = ExitStack()

    def write(self, staged: StagedRows, places: Sequence[int]) -> None:
        """Add some of the rows."""
        self._waiting.append(staged.table(places, self._rows))
        self._rows += len(places)
        if sum(table.num_rows for table in self._waiting) >= _ROWS_AT_ONCE:
            self._flush()

    def groups(self) -> Iterator[pl.DataFrame]:
        """All rows, those of a key together."""
        import polars as pl

        self._flush()
        self._open.close()
        group: list[Path] = []
        rows = 0
        for bucket, count in enumerate(self._counts):
            group += [self._file(bucket)] if count else []
            rows += count
            if group and (rows >= _ROWS_IN_GROUP or bucket == _BUCKETS - 1):
                yield pl.concat([pl.scan_ipc(file) for file in group]).collect(engine="streaming")
                group, rows = [], 0
        if group:
            yield pl.concat([pl.scan_ipc(file) for file in group]).collect(engine="streaming")

    def _flush(self) -> None:
        import polars as pl

        if not any(table.num_rows for table in self._waiting):
            return
        rows = pl.DataFrame(pl.from_arrow(pa.concat_tables(self._waiting)))
        self._waiting = []
        key = pl.struct(self._on).hash(seed=0)
        parts = rows.with_columns((key % _BUCKETS).cast(pl.Int32).alias(_BUCKET)).partition_by(_BUCKET, as_dict=True)
        for (bucket,), part in parts.items():
            table = part.drop(_BUCKET).to_arrow()
            self._writer(int(bucket), table.schema).write_table(table)
            self._counts[int(bucket)] += table.num_rows

    def _writer(self, bucket: int, schema: pa.Schema) -> ipc.RecordBatchFileWriter:
        if bucket not in self._writers:
            options = ipc.IpcWriteOptions(compression="lz4")
            writer = ipc.new_file(self._file(bucket), schema, options=options)
            self._writers[bucket] = self._open.enter_context(writer)
        return self._writers[bucket]

    def _file(self, bucket: int) -> Path:
        return self._folder / f"{bucket:03d}.arrow"

    def __enter__(self) -> Self:
        self._folder.mkdir(parents=True)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._open.close()
        shutil.rmtree(self._folder, ignore_errors=True)
