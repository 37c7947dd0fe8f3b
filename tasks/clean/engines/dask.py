"""Dask: threads of this process, or the workers of the cluster whose client is active."""

from __future__ import annotations

import uuid
import warnings
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import narwhals as nw
import pyarrow as pa

from tasks.clean.engines import Result
from tasks.clean.frames import on_frames
from tasks.data.canonical import Columns, arrow_schema, canonical_table

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl


class DaskEngine:
    """Runs where Dask is set up to run; see `infra.clusters.dask`."""

    name = "dask"

    def read(self, folder: Path) -> nw.LazyFrame[Any]:
        """The rows of a folder of Parquet, in Arrow's types so that integers may miss values."""
        import dask.dataframe as dd

        return _narwhals(dd.read_parquet(str(folder / "*.parquet"), dtype_backend="pyarrow"))

    def map_batches(
        self, frame: nw.LazyFrame[Any], function: Callable[[pa.Table], pa.Table], columns: Columns
    ) -> nw.LazyFrame[Any]:
        """Apply `function` to every partition."""

        def apply(partition: pd.DataFrame) -> pd.DataFrame:
            return _to_pandas(function(canonical_table(pa.Table.from_pandas(partition, preserve_index=False))))

        meta = _to_pandas(arrow_schema(columns).empty_table())
        return _narwhals(frame.to_native().map_partitions(apply, meta=meta))

    def map_parts(
        self, frame: nw.LazyFrame[Any], function: Callable[[str, Iterable[pa.Table]], Result]
    ) -> list[Result]:
        """A task for each partition."""
        from dask.base import compute
        from dask.delayed import delayed

        def apply(partition: pd.DataFrame, number: int) -> Result:
            table = canonical_table(pa.Table.from_pandas(partition, preserve_index=False))
            return function(f"part-{number:05d}-{uuid.uuid4().hex[:8]}", [table])

        planned = frame.to_native().optimize(fuse=False)  # fusing takes time that doubles with each expression
        parts = planned.to_delayed(optimize_graph=False)
        tasks = [delayed(apply)(part, number) for number, part in enumerate(parts)]
        return list(compute(*tasks))  # type: ignore[no-untyped-call]

    def map_frames(
        self, frame: nw.LazyFrame[Any], function: Callable[[str, Iterable[pl.DataFrame]], Result]
    ) -> list[Result]:
        """The same, as Polars frames."""
        return self.map_parts(frame, partial(on_frames, function))


def _narwhals(frame: Any) -> nw.LazyFrame[Any]:
    with warnings.catch_warnings():  # of a later narwhals, which pyproject.toml keeps out
        warnings.filterwarnings("ignore", message="Dask support is moving", category=FutureWarning)
        wrapped: nw.LazyFrame[Any] = nw.from_native(frame)
    return wrapped


def _to_pandas(table: pa.Table) -> pd.DataFrame:
    """In the types that `read` gives, so that partitions agree."""
    import pandas as pd

    def pandas_type(kind: pa.DataType) -> Any:
        return pd.StringDtype("pyarrow") if pa.types.is_string(kind) else pd.ArrowDtype(kind)

    return table.to_pandas(types_mapper=pandas_type)
