"""Values that may come once only, over a whole source: found by their hashes, which lie in a file beside the rows.

Two 64-bit hashes under different seeds stand for a row's values. Of n rows, two different ones share both with a chance
of about n^2 / 2^129: 10^-23 for a hundred million rows. They are compared a bucket at a time, so memory is bounded.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

if TYPE_CHECKING:
    import polars as pl

Unique = tuple[tuple[str, ...], ...]
_SEEDS = (0x6C6570746F6E, 0x756E69717565)
_BUCKET_ROWS = 4_000_000
_BATCH_ROWS = 50_000
_UNKNOWN = -1


def not_unique(columns: Sequence[str]) -> str:
    """The reason that a row is told which has the values of an earlier one."""
    return f"{', '.join(columns)}: not unique{' together' if len(columns) > 1 else ''}"


class KeyFile:
    """Hashes of the columns that must be unique, row after row, with the place where each row stood."""

    def __init__(self, file: Path, unique: Unique) -> None:
        self._path, self._unique, self.rows = file, unique, 0
        self._files: dict[str, int] = {}
        hashes = [(f"{half}{n}", pa.uint64()) for n in range(len(unique)) for half in ("high", "low")]
        self._schema = pa.schema([*hashes, ("file", pa.int32()), ("line", pa.int64())])
        self._writer = pa.ipc.new_file(file, self._schema)

    def write(self, rows: pa.Table, file: str, lines: pa.Array) -> None:
        """Add the next rows, of which row n stood at line n of `lines` in `file`."""
        place = self._files.setdefault(file, len(self._files))
        self._write(rows, pa.repeat(pa.scalar(place, pa.int32()), rows.num_rows), lines)

    def write_parts(self, parts: Iterable[Path]) -> None:
        """Add rows that a version has already. They come first, so they stay."""
        names = list(dict.fromkeys(name for columns in self._unique for name in columns))
        for part in parts:
            with pq.ParquetFile(part) as parquet:
                for batch in parquet.iter_batches(batch_size=_BATCH_ROWS, columns=names):
                    unknown = pa.repeat(pa.scalar(_UNKNOWN, pa.int32()), batch.num_rows)
                    self._write(pa.Table.from_batches([batch]), unknown, pa.nulls(batch.num_rows, pa.int64()))

    def repeated(self) -> pl.DataFrame:
        """Rows with values that an earlier row has: `position`, `reason` and `origin`, by position.

        Lists are taken one after the other: a row that one list refuses is no earlier row for the next. Missing values
        are equal to none, as in SQL.
        """
        import polars as pl

        self._writer.close()
        found = pl.DataFrame(schema={"position": pl.Int64, "reason": pl.String})
        for place, columns in enumerate(self._unique):
            keys = self._scan().select("position", high=f"high{place}", low=f"low{place}").drop_nulls()
            later = _later(keys.join(found.lazy(), on="position", how="anti"), self.rows)
            found = pl.concat([found, later.select("position", reason=pl.lit(not_unique(columns)))])
        return found.join(self.origins(found["position"]), on="position").sort("position")

    def repeats(self, place: int) -> bool:
        """Whether list `place` of the columns has values that come twice, whatever the other lists refuse."""
        self._writer.close()
        keys = self._scan().select("position", high=f"high{place}", low=f"low{place}").drop_nulls()
        return not _later(keys, self.rows).is_empty()

    def origins(self, positions: pl.Series) -> pl.DataFrame:
        """Where the rows at some positions stood: `position` and `origin`."""
        import polars as pl

        self._writer.close()
        wanted = self._scan().join(positions.to_frame("position").lazy(), on="position", how="semi")
        names = pl.DataFrame(
            {"file": self._files.values(), "name": self._files.keys()}, schema={"file": pl.Int32, "name": pl.String}
        )
        places = wanted.join(names.lazy(), on="file", how="left")
        origin = pl.concat_str("name", "line", separator=":").alias("origin")
        return places.select("position", origin).collect(engine="streaming")

    def _write(self, rows: pa.Table, files: pa.Array, lines: pa.Array) -> None:
        import polars as pl

        frame = pl.DataFrame(pl.from_arrow(rows))
        hashes = frame.select(
            _hash(columns, seed).alias(f"{half}{place}")
            for place, columns in enumerate(self._unique)
            for half, seed in zip(("high", "low"), _SEEDS, strict=True)
        ).to_arrow()
        arrays = [hashes[name].combine_chunks() for name in hashes.column_names]
        self._writer.write_table(pa.table([*arrays, files, lines.cast(pa.int64())], schema=self._schema))
        self.rows += rows.num_rows

    def _scan(self) -> pl.LazyFrame:
        import polars as pl

        rows = pl.scan_ipc(self._path).with_row_index("position")
        return rows.with_columns(pl.col("position").cast(pl.Int64))


@contextmanager
def key_file(file: Path, unique: Unique) -> Iterator[KeyFile | None]:
    """A key file that is gone after the block, or none where nothing must be unique."""
    if not unique:
        yield None
        return
    try:
        yield KeyFile(file, unique)
    finally:
        file.unlink(missing_ok=True)


def _hash(columns: Sequence[str], seed: int) -> pl.Expr:
    """Null where one of the values is missing."""
    import polars as pl

    values = [pl.col(name) for name in columns]
    joined = pl.struct(values) if len(values) > 1 else values[0]
    return pl.when(pl.all_horizontal(value.is_not_null() for value in values)).then(joined.hash(seed))


def _later(keys: pl.LazyFrame, rows: int) -> pl.DataFrame:
    """Positions of the rows whose two halves an earlier row has."""
    import polars as pl

    buckets = rows // _BUCKET_ROWS + 1
    found = [_later_in(keys.filter(pl.col("high") % buckets == bucket)) for bucket in range(buckets)]
    return pl.concat(list(found))


def _later_in(keys: pl.LazyFrame) -> pl.DataFrame:
    import polars as pl

    groups = keys.group_by("high", "low").agg(first=pl.col("position").min(), count=pl.len())
    shared = groups.filter(pl.col("count") > 1).select("high", "low", "first").collect(engine="streaming")
    if shared.is_empty():
        return pl.DataFrame(schema={"position": pl.Int64})
    later = keys.join(shared.lazy(), on=["high", "low"]).filter(pl.col("position") > pl.col("first"))
    return later.select("position").collect(engine="streaming")
