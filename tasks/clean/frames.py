"""Polars frames in the four types that a data set has, without a way to Arrow and back where they have them already."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, TypeVar

import pyarrow as pa

from tasks.data.canonical import canonical_table

if TYPE_CHECKING:
    import polars as pl

Result = TypeVar("Result")


def canonical_frame(frame: pl.DataFrame) -> pl.DataFrame:
    """The same rows in the four types, as `canonical_table` has them.

    Raises:
        DataError: a column has a type without a canonical one.
    """
    import polars as pl

    if not {pl.String, pl.Int64, pl.Float64, pl.Boolean}.issuperset(frame.dtypes):
        return pl.DataFrame(canonical_table(frame.to_arrow()))
    return frame.with_columns(pl.col(pl.Float64).fill_nan(None) + 0.0)


def on_frames(
    function: Callable[[str, Iterable[pl.DataFrame]], Result], part: str, tables: Iterable[pa.Table]
) -> Result:
    """A function of frames, given tables."""
    import polars as pl

    return function(part, map(pl.DataFrame, tables))
