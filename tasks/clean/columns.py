"""The columns of a frame, in the four types that a data set has."""

from __future__ import annotations

from typing import Any

import narwhals as nw

from infra.errors import DataError
from tasks.data.canonical import Columns


def frame_columns(frame: nw.LazyFrame[Any]) -> Columns:
    """Names and canonical types of a frame's columns.

    Raises:
        DataError: a column's type has no canonical one.
    """
    return {name: _kind(name, kind) for name, kind in frame.collect_schema().items()}


def _kind(name: str, kind: nw.dtypes.DType) -> str:
    if kind == nw.String:
        return "string"
    if kind == nw.Boolean:
        return "bool"
    if kind.is_integer():
        return "int64"
    if kind.is_float() or kind.is_decimal():
        return "float64"
    raise DataError(
        f"column {name!r}",
        found=f"values of type {kind}",
        allowed="string, integer, float and boolean",
        action="Let the cleaning rule that makes the column convert it.",
    )
