"""Numbers with noise, and values that are missing or that the train split never had."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from tasks.features.columns import numbers, texts
from tasks.features.tabular import CategoryColumn, NumericColumn

Generator = np.random.Generator
Mask = NDArray[np.bool_]


def noisy(rows: pa.Table, columns: Sequence[NumericColumn], strength: float, random: Generator) -> pa.Table:
    """Gaussian noise on each number, in standard deviations of the train split; of its logarithm where that is learned.

    A missing number stays missing.
    """
    for column in columns:
        values = numbers(rows.column(column.name))
        noise = random.normal(0.0, strength * column.deviation, len(values))
        moved = np.expm1(np.log1p(np.maximum(values, 0)) + noise) if column.logarithm else values + noise
        rows = _with(rows, column.name, pa.array(moved, pa.float64(), from_pandas=True))
    return rows


def without(rows: pa.Table, columns: Sequence[str], lost: int, random: Generator) -> pa.Table:
    """So many columns of each row, drawn at random, have no value."""
    for name, mask in _drawn(rows.num_rows, columns, lost, random).items():
        kept = pc.if_else(pa.array(~mask), rows.column(name), pa.scalar(None, rows.column(name).type))
        rows = _with(rows, name, kept)
    return rows


def unknown(rows: pa.Table, columns: Sequence[CategoryColumn], lost: int, random: Generator) -> pa.Table:
    """So many categories of each row, drawn at random, are ones that the train split never had."""
    known = {column.name: column for column in columns}
    for name, mask in _drawn(rows.num_rows, list(known), lost, random).items():
        other = never_seen(known[name])
        values = [other if gone else each for each, gone in zip(texts(rows.column(name)), mask, strict=True)]
        rows = _with(rows, name, pa.array(values, pa.string()))
    return rows


def never_seen(column: CategoryColumn) -> str:
    """A value that a column's vocabulary lacks."""
    name = "never seen"
    while name in column.values:
        name += " before"
    return name


def _drawn(rows: int, columns: Sequence[str], lost: int, random: Generator) -> Mapping[str, Mask]:
    """By column which rows lose it: `lost` columns of each row, or all where there are no more."""
    places = np.argsort(random.random((rows, len(columns))), axis=1)
    return {name: places[:, number] < lost for number, name in enumerate(columns)}


def _with(rows: pa.Table, name: str, values: pa.Array | pa.ChunkedArray) -> pa.Table:
    return rows.set_column(rows.column_names.index(name), name, values)
