"""Rules on missing values."""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import Any

import narwhals as nw
from pydantic import Field

from tasks.clean.rules.columns import ColumnOptions, data_columns
from tasks.clean.rules.refusal import refuse


class FillMissingOptions(ColumnOptions):
    """What stands in for a missing value."""

    text: str = Field(default="missing", description="For strings.")
    number: float = Field(default=0.0, description="For numbers; rounded for integers.")
    boolean: bool = Field(default=False, description="For booleans.")


def drop_missing(rows: nw.DataFrame[Any], options: ColumnOptions) -> nw.DataFrame[Any]:
    """Refuse rows that miss a value."""
    missing = [nw.col(name).is_null() for name in data_columns(rows, options.columns)]
    return refuse(rows, reduce(or_, missing), "drop_missing")


def fill_missing(rows: nw.DataFrame[Any], options: FillMissingOptions) -> nw.DataFrame[Any]:
    """Put a constant where a value is missing."""
    schema = rows.collect_schema()
    names = data_columns(rows, options.columns)
    return rows.with_columns(nw.col(name).fill_null(_constant(schema[name], options)) for name in names)


def _constant(kind: nw.dtypes.DType, options: FillMissingOptions) -> str | float | int | bool:
    if kind == nw.String:
        return options.text
    if kind == nw.Boolean:
        return options.boolean
    return round(options.number) if kind.is_integer() else options.number
