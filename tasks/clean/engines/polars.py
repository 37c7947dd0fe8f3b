"""Polars: threads of this process, streaming."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import narwhals as nw
import pyarrow as pa

from tasks.clean.engines import Result
from tasks.data.canonical import Columns, arrow_schema, canonical_table


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

    def write(self, frame: nw.LazyFrame[Any], folder: Path) -> None:
        """Stream the frame into one file."""
        folder.mkdir(parents=True)
        frame.to_native().sink_parquet(folder / "part-00000.parquet", maintain_order=False)

    def map_files(self, function: Callable[[Path], Result], files: Sequence[Path]) -> list[Result]:
        """One file after the other."""
        return [function(file) for file in files]
