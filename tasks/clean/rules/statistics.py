"""What the training rows say of their columns: quantiles, and the most frequent value. Test rows teach nothing."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from decimal import Decimal
from functools import partial
from math import ceil
from typing import Any

import narwhals as nw
import pyarrow as pa
import pyarrow.compute as pc

from tasks.clean.engines import Engine
from tasks.clean.rules.order_statistics import Ranks, Values, select
from tasks.clean.rules.refusal import counted


def quantiles(
    frame: nw.LazyFrame[Any], engine: Engine, names: Sequence[str], shares: Sequence[float]
) -> dict[str, list[Any]]:
    """Of each column with a value in the training rows: for each share, the smallest value that so many don't exceed.

    That is the inverse of the empirical distribution function (type 1 of Hyndman and Fan 1996): always a value of the
    column, and for one half the lower median. Missing values don't count.
    """
    if not names:
        return {}
    found = select(frame, engine, partial(_numbers, names), partial(_ranks, shares))
    return {name: found[name] for name in names if name in found}


def modes(frame: nw.LazyFrame[Any], engine: Engine, names: Sequence[str]) -> dict[str, Any]:
    """The most frequent value of each column in the training rows, of several the smallest; missing ones don't count.

    Batches are counted where they are, equal values added up by the engine, and each part of what is left brings its
    best.
    """
    if not names:
        return {}
    columns = {"column": "string", "value": "string", "count": "int64"}
    counts = engine.map_batches(frame, partial(_count_values, names), columns)
    sums = counts.group_by("column", "value").agg(nw.col("count").sum())
    schema = frame.collect_schema()
    kinds = {name: _arrow_type(schema[name]) for name in names}
    best: dict[str, tuple[int, Any]] = {}
    for part in engine.map_parts(sums, partial(_most_frequent, kinds)):
        best = _better(best, part)
    return {name: value for name, (_, value) in best.items()}


def _numbers(names: Sequence[str], batch: pa.Table) -> Mapping[Hashable, Values]:
    rows = counted(batch)
    return {name: rows[name].drop_null().to_numpy() for name in names}


def _ranks(shares: Sequence[float], sizes: Mapping[Hashable, int]) -> Ranks:
    """By the decimals of a share as it is written: 0.07 of 100 values are 7, not 7.000000000000001."""
    exact = [Decimal(str(share)) for share in shares]
    return {name: tuple(max(0, ceil(share * size) - 1) for share in exact) for name, size in sizes.items()}


def _count_values(names: Sequence[str], batch: pa.Table) -> pa.Table:
    rows = counted(batch)
    tables = [_counts(name, rows[name]) for name in names]
    return pa.concat_tables(tables)


def _counts(name: str, values: pa.ChunkedArray) -> pa.Table:
    found = values.drop_null().value_counts()
    spelled = found.field("values").cast(pa.string())  # Arrow spells a float so that it reads back as the same
    return pa.table({"column": pa.repeat(name, len(found)), "value": spelled, "count": found.field("counts")})


def _most_frequent(kinds: Mapping[str, pa.DataType], _: str, batches: Iterable[pa.Table]) -> dict[str, tuple[int, Any]]:
    best: dict[str, tuple[int, Any]] = {}
    for batch in batches:
        for name in pc.unique(batch["column"]).to_pylist():
            rows = batch.filter(pc.equal(batch["column"], name))
            most = pc.max(rows["count"])
            values = rows.filter(pc.equal(rows["count"], most))["value"].cast(kinds[name])
            best = _better(best, {name: (most.as_py(), min(values.to_pylist()))})
    return best


def _better(some: Mapping[str, tuple[int, Any]], others: Mapping[str, tuple[int, Any]]) -> dict[str, tuple[int, Any]]:
    """The more frequent of two values for each column, else the smaller one."""
    better = dict(some)
    for name, (count, value) in others.items():
        had, held = better.get(name, (0, value))
        if count > had or (count == had and value < held):
            better[name] = (count, value)
    return better


def _arrow_type(kind: Any) -> pa.DataType:
    if kind == nw.String:
        return pa.string()
    if kind == nw.Boolean:
        return pa.bool_()
    return pa.int64() if kind.is_integer() else pa.float64()
