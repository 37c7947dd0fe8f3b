"""Rows set down between rules: a rule that makes several passes then does not run the rules before it again in each."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import narwhals as nw
import pyarrow as pa

from tasks.clean.engines import Engine
from tasks.data.canonical import Columns, arrow_schema
from tasks.data.parts import PartWriter, remove_strays
from tasks.data.prefetch import prefetched

if TYPE_CHECKING:
    import polars as pl


def checkpoint(
    frame: nw.LazyFrame[Any],
    run: Callable[[pl.DataFrame], pl.DataFrame],
    columns: Columns,
    folder: Path,
    engine: Engine,
) -> nw.LazyFrame[Any]:
    """The rows of `frame` after `run`, which gives them `columns`, written to `folder` and read from there."""
    parts = engine.map_frames(frame, partial(_write, run, arrow_schema(columns), folder))
    remove_strays(folder, tuple(parts))
    return engine.read(folder)


def _write(
    run: Callable[[pl.DataFrame], pl.DataFrame],
    schema: pa.Schema,
    folder: Path,
    part: str,
    batches: Iterable[pl.DataFrame],
) -> str:
    with PartWriter(folder, schema, prefix=part) as rows:
        for batch in prefetched(batches):
            rows.write(run(batch).select(schema.names).to_arrow())
    return part
