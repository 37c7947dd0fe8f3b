"""Polars: threads of this process, streaming."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import narwhals as nw
import pyarrow as pa

from tasks.clean.engines import Result
from tasks.clean.frames import canonical_frame
from tasks.data.canonical import Columns, arrow_schema, canonical_table

if TYPE_CHECKING:
    import polars as pl

_BATCH_ROWS = 50_000


class PolarsEngine:
    """Runs on this machine, without a server."""

    name = "polars"

    def read(self, folder: Path) -> nw.LazyFrame[Any]:
        """The rows of a folder of Parquet."""
        import polars as pl

        frame: nw.LazyFrame[Any] = nw.from_native(pl.scan_parquet(folder / "*.parquet"))
        return frame

    def map_batches(
        self, frame: nw.LazyFrame[Any], function: Callable[[pa.Table], pa.Table], columns: Columns
    ) -> nw.LazyFrame[Any]:
        """Apply `function` to batches as they stream by."""
        import polars as pl

        def apply(batch: pl.DataFrame) -> pl.DataFrame:
            return pl.DataFrame(function(canonical_table(batch.to_arrow())))

        schema = pl.DataFrame(arrow_schema(columns).empty_table()).schema
        mapped: nw.LazyFrame[Any] = nw.from_native(frame.to_native().map_batches(apply, schema=schema, streamable=True))
        return mapped

    def map_parts(
        self, frame: nw.LazyFrame[Any], function: Callable[[str, Iterable[pa.Table]], Result]
    ) -> list[Result]:
        """One part, whose batches stream by."""
        return [function("part", (canonical_table(batch.to_arrow()) for batch in _batches(frame)))]

    def map_frames(
        self, frame: nw.LazyFrame[Any], function: Callable[[str, Iterable[pl.DataFrame]], Result]
    ) -> list[Result]:
        """The same, as they come."""
        return [function("part", map(canonical_frame, _batches(frame)))]


def _batches(frame: nw.LazyFrame[Any]) -> Iterator[pl.DataFrame]:
    batches: Iterator[pl.DataFrame] = frame.to_native().collect_batches(
        chunk_size=_BATCH_ROWS, maintain_order=False, engine="streaming"
    )
    return batches
