"""Spark: local or on a cluster, through a session that is open."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import narwhals as nw
import pyarrow as pa

from infra.errors import LeptonError
from tasks.clean.engines import Result
from tasks.clean.frames import on_frames
from tasks.data.canonical import Columns, arrow_schema, canonical_table

if TYPE_CHECKING:
    import polars as pl
    from pyspark.sql import SparkSession


class SparkEngine:
    """Runs on a session; see `infra.clusters.spark`. Its workers must see the home's folders."""

    name = "spark"

    def __init__(self, session: SparkSession) -> None:
        self.session = session

    def read(self, folder: Path) -> nw.LazyFrame[Any]:
        """The rows of a folder of Parquet."""
        frame: nw.LazyFrame[Any] = nw.from_native(self.session.read.parquet(folder.as_uri()))
        return frame

    def map_batches(
        self, frame: nw.LazyFrame[Any], function: Callable[[pa.Table], pa.Table], columns: Columns
    ) -> nw.LazyFrame[Any]:
        """Apply `function` to record batches in Spark's Python workers."""
        from pyspark.sql.pandas.types import from_arrow_schema

        def apply(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
            for batch in batches:
                yield from function(canonical_table(pa.Table.from_batches([batch]))).to_batches()

        schema = from_arrow_schema(arrow_schema(columns))
        mapped: nw.LazyFrame[Any] = nw.from_native(frame.to_native().mapInArrow(apply, schema))
        return mapped

    def map_parts(
        self, frame: nw.LazyFrame[Any], function: Callable[[str, Iterable[pa.Table]], Result]
    ) -> list[Result]:
        """A task for each partition; what it gives comes back pickled, between processes of one session."""

        def apply(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
            from pyspark import TaskContext

            context = TaskContext.get()
            number, attempt = (context.partitionId(), context.taskAttemptId()) if context else (0, 0)
            tables = (canonical_table(pa.Table.from_batches([batch])) for batch in batches)
            result: Result | LeptonError
            try:
                result = function(f"part-{number:05d}-{attempt}", tables)
            except LeptonError as error:  # as a result: Spark would try again, and then tell all of it
                result = error
            yield pa.RecordBatch.from_pydict({"result": pa.array([pickle.dumps(result)], pa.binary())})

        rows = frame.to_native().mapInArrow(apply, "result binary").collect()
        results = [pickle.loads(row.result) for row in rows]
        for result in results:
            if isinstance(result, LeptonError):
                raise result
        return results

    def map_frames(
        self, frame: nw.LazyFrame[Any], function: Callable[[str, Iterable[pl.DataFrame]], Result]
    ) -> list[Result]:
        """The same, as Polars frames."""
        return self.map_parts(frame, partial(on_frames, function))
