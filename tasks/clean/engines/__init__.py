"""What an engine can do. Each has a file of its own; all give equal data sets."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar

from infra.settings.clusters import ClusterSettings
from tasks.data.references import DatasetRef

if TYPE_CHECKING:
    import narwhals as nw
    import polars as pl
    import pyarrow as pa

    from tasks.data.canonical import Columns

Result = TypeVar("Result")
_BYTES_IN_MEMORY = 20  # that a byte of compressed Parquet may take while rules run; text columns measured 5 to 15


class Engine(Protocol):
    """Where rules run. Rows stay on the engine's side: nothing collects them here."""

    name: str

    def read(self, folder: Path) -> nw.LazyFrame[Any]:
        """The rows of a folder of Parquet."""

    def map_batches(
        self, frame: nw.LazyFrame[Any], function: Callable[[pa.Table], pa.Table], columns: Columns
    ) -> nw.LazyFrame[Any]:
        """Apply a function of a canonical table to every part of the rows; it gives `columns`."""

    def map_parts(
        self, frame: nw.LazyFrame[Any], function: Callable[[str, Iterable[pa.Table]], Result]
    ) -> list[Result]:
        """Compute a frame, and give each part of it to a function, as canonical tables, where the engine's workers are.

        The function gets a name for the part that no other part has, nor another attempt at the same part. Its
        results must be small.
        """

    def map_frames(
        self, frame: nw.LazyFrame[Any], function: Callable[[str, Iterable[pl.DataFrame]], Result]
    ) -> list[Result]:
        """The same, with Polars frames in the canonical types in place of tables."""


def choose_engine(
    name: Literal["auto", "dask", "spark", "polars"], raw: DatasetRef, settings: ClusterSettings
) -> Literal["dask", "spark", "polars"]:
    """The engine named; for `auto` that of a cluster that is set, else Polars for what fits in memory, else Dask."""
    if name != "auto":
        return name
    if settings.dask_scheduler:
        return "dask"
    if not settings.spark_master.startswith("local"):
        return "spark"
    import psutil

    size = sum(file.stat().st_size for file in Path(raw.path).glob("rows/*.parquet"))
    return "polars" if size * _BYTES_IN_MEMORY < psutil.virtual_memory().available else "dask"
