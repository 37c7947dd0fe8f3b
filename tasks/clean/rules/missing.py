"""Rules on missing values."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial, reduce
from operator import or_
from typing import Any, Literal

import narwhals as nw
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from infra.errors import RecipeError
from tasks.clean.columns import frame_columns
from tasks.clean.engines import Engine
from tasks.clean.rules.columns import ColumnOptions, InputOptions, data_columns, input_columns
from tasks.clean.rules.mapping import replace_column
from tasks.clean.rules.refusal import refuse
from tasks.clean.rules.statistics import modes, quantiles


class FillMissingOptions(InputOptions):
    """What stands in for a missing value."""

    text: str = Field(default="missing", description="For strings.")
    number: float = Field(default=0.0, description="For numbers; rounded for integers.")
    boolean: bool = Field(default=False, description="For booleans.")


class ImputeMissingOptions(InputOptions):
    """Which statistic of the training rows stands in for a missing value."""

    numbers: Literal["median", "mode"] = Field(
        default="median", description="For numbers: the lower median, or the most frequent. Other types have the mode."
    )


class FlagMissingOptions(InputOptions):
    """How the columns that tell of missing values are named."""

    suffix: str = Field(default="_missing", min_length=1, description="Added to a column's name.")


def drop_missing(rows: nw.DataFrame[Any], options: ColumnOptions) -> nw.DataFrame[Any]:
    """Refuse rows that miss a value."""
    missing = [nw.col(name).is_null() for name in data_columns(rows, options.columns)]
    return refuse(rows, reduce(or_, missing), "drop_missing")


def fill_missing(rows: nw.DataFrame[Any], options: FillMissingOptions) -> nw.DataFrame[Any]:
    """Put a constant where a value is missing."""
    schema = rows.collect_schema()
    names = input_columns(rows, options.columns)
    return rows.with_columns(nw.col(name).fill_null(_constant(schema[name], options)) for name in names)


def flag_missing(rows: nw.DataFrame[Any], options: FlagMissingOptions) -> nw.DataFrame[Any]:
    """Add a column of true and false for each column, true where its value is missing. Filling comes after it."""
    flags = {f"{name}{options.suffix}": name for name in input_columns(rows, options.columns)}
    taken = [flag for flag in flags if flag in rows.columns]
    if taken:
        raise RecipeError(
            "cleaning rule 'flag_missing'",
            found=f"columns named {', '.join(taken)}",
            allowed="names that are free",
            action="Set clean.options.flag_missing.columns or suffix.",
        )
    return rows.with_columns(nw.col(name).is_null().alias(flag) for flag, name in flags.items())


def impute_missing(frame: nw.LazyFrame[Any], options: ImputeMissingOptions, engine: Engine) -> nw.LazyFrame[Any]:
    """Put a median or the most frequent value, as the training rows have it, where a value is missing.

    A column without a value in the training rows stays as it is.
    """
    schema = frame.collect_schema()
    names = input_columns(frame, options.columns)
    by_rank = [name for name in names if options.numbers == "median" and schema[name].is_numeric()]
    medians = {name: found[0] for name, found in quantiles(frame, engine, by_rank, (0.5,)).items()}
    values = medians | modes(frame, engine, [name for name in names if name not in by_rank])
    return engine.map_batches(frame, partial(_fill, values), frame_columns(frame)) if values else frame


def _fill(values: Mapping[str, Any], batch: pa.Table) -> pa.Table:
    for name, value in values.items():
        kind = batch.schema.field(name).type
        batch = replace_column(batch, name, pc.fill_null(batch[name], pa.scalar(value, kind)))
    return batch


def _constant(kind: nw.dtypes.DType, options: FillMissingOptions) -> str | float | int | bool:
    if kind == nw.String:
        return options.text
    if kind == nw.Boolean:
        return options.boolean
    return round(options.number) if kind.is_integer() else options.number
