"""Columns of a table as the Python and NumPy values that features are made of."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from infra.errors import DataError

MISSING = ""
ColumnType = Literal["string", "long", "double", "boolean"]
"""A column's type as MLflow's signatures name it."""
_TYPES: dict[pa.DataType, ColumnType] = {pa.int64(): "long", pa.float64(): "double", pa.bool_(): "boolean"}


def column(rows: pa.Table, name: str) -> pa.ChunkedArray:
    """The column called `name`.

    Raises:
        DataError: there is none.
    """
    if name not in rows.column_names:
        raise DataError(
            "features",
            found=f"columns {', '.join(rows.column_names) or '(none)'}",
            allowed=f"rows with the column {name!r}",
            action="Give every column that the model was trained on.",
        )
    return rows.column(name)


def column_type(values: pa.ChunkedArray) -> ColumnType:
    """The type of a column of a data set version."""
    return _TYPES.get(values.type, "string")


def texts(values: pa.ChunkedArray) -> list[str]:
    """Each value as text, the same for a string "3" and a number 3; a missing one is empty."""
    return [MISSING if value is None else str(value) for value in _strings(values).to_pylist()]


def numbers(values: pa.ChunkedArray) -> NDArray[np.float64]:
    """Each value as a number; a missing one is NaN.

    Raises:
        DataError: a value is not a number.
    """
    try:
        floats = values.cast(pa.int8()) if pa.types.is_boolean(values.type) else values
        return np.array(floats.cast(pa.float64()).to_pylist(), np.float64)
    except pa.ArrowInvalid as error:
        raise DataError(
            "features", found=str(error), allowed="numbers in every numeric column", action="Fix the rows."
        ) from None


def signature_names(columns: Sequence[str]) -> dict[str, str]:
    """What a model's signature calls columns: TensorFlow takes letters, digits, `_` and `.`, and is blind to case."""
    names: dict[str, str] = {}
    for name in columns:
        plain = re.sub(r"[^A-Za-z0-9_.]", "_", name)
        plain = plain if plain[:1].isalnum() else f"column{plain}"
        taken = {other.lower() for other in names.values()}
        spellings = (plain, *(f"{plain}_{number}" for number in range(2, len(columns) + 2)))
        names[name] = next(spelling for spelling in spellings if spelling.lower() not in taken)
    return names


def _strings(values: pa.ChunkedArray) -> pa.ChunkedArray:
    return values if pa.types.is_string(values.type) else values.cast(pa.string())
