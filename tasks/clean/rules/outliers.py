"""Rules on numbers that lie far from the others."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from functools import partial
from math import ceil, floor, inf, isnan
from typing import Any, Self

import narwhals as nw
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field, model_validator

from tasks.clean.columns import frame_columns
from tasks.clean.engines import Engine
from tasks.clean.rules.columns import NumberOptions, number_columns
from tasks.clean.rules.mapping import replace_column
from tasks.clean.rules.statistics import quantiles

Bounds = Mapping[str, tuple[Any, Any]]
_INT64 = 2**63


class WinsorizeOptions(NumberOptions):
    """Which share of the training rows is drawn in, on each side."""

    lower_share: float = Field(default=0.01, ge=0, le=1, description="Values below this quantile become it.")
    upper_share: float = Field(default=0.99, ge=0, le=1, description="Values above this quantile become it.")

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.lower_share >= self.upper_share:
            raise ValueError(f"lower_share: found {self.lower_share}; allowed: less than upper_share")
        return self


class ClipOutliersOptions(NumberOptions):
    """Where an outlier begins."""

    ranges: float = Field(
        default=1.5,
        gt=0,
        le=1000,
        description="Interquartile ranges beyond the quartiles; 1.5 by Tukey, 3 for far out.",
    )


def winsorize(frame: nw.LazyFrame[Any], options: WinsorizeOptions, engine: Engine) -> nw.LazyFrame[Any]:
    """Draw extreme numbers in to quantiles of the training rows (Dixon and Tukey 1968)."""
    names = number_columns(frame, options.columns)
    found = quantiles(frame, engine, names, (options.lower_share, options.upper_share))
    return _clip(frame, {name: (low, high) for name, (low, high) in found.items()}, engine)


def clip_outliers(frame: nw.LazyFrame[Any], options: ClipOutliersOptions, engine: Engine) -> nw.LazyFrame[Any]:
    """Draw numbers in to the fences around the quartiles of the training rows (Tukey 1977)."""
    names = number_columns(frame, options.columns)
    found = quantiles(frame, engine, names, (0.25, 0.75))
    return _clip(frame, {name: fences(low, high, options.ranges) for name, (low, high) in found.items()}, engine)


def fences(low: Any, high: Any, ranges: float) -> tuple[Any, Any]:
    """Q1 - k (Q3 - Q1) and Q3 + k (Q3 - Q1); for integers the integers within."""
    if isinstance(low, float):
        reach = ranges * (high - low)
        return (-inf, inf) if isnan(reach) else (low - reach, high + reach)  # of infinite quartiles
    wide = Decimal(str(ranges)) * (high - low)
    return max(-_INT64, ceil(low - wide)), min(_INT64 - 1, floor(high + wide))


def _clip(frame: nw.LazyFrame[Any], bounds: Bounds, engine: Engine) -> nw.LazyFrame[Any]:
    if not bounds:
        return frame
    return engine.map_batches(frame, partial(_clip_batch, bounds), frame_columns(frame))


def _clip_batch(bounds: Bounds, batch: pa.Table) -> pa.Table:
    for name, (low, high) in bounds.items():
        kind = batch.schema.field(name).type
        values = pc.max_element_wise(batch[name], pa.scalar(low, kind), skip_nulls=False)
        values = pc.min_element_wise(values, pa.scalar(high, kind), skip_nulls=False)
        batch = replace_column(batch, name, values)
    return batch
