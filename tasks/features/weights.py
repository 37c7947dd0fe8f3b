"""How much each row counts in the loss, by a column of the data."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from infra.errors import DataError
from tasks.data.canonical import Columns
from tasks.features.columns import column, numbers


def check_weight_column(name: str, columns: Columns) -> None:
    """Refuse a column that a data set version lacks, or that is no number.

    Raises:
        DataError: so it is.
    """
    if columns.get(name) not in ("int64", "float64"):
        found = f"a column of type {columns[name]}" if name in columns else "no such column"
        numeric = [other for other, kind in columns.items() if kind in ("int64", "float64")]
        raise _wrong(name, found, f"a number column: {', '.join(numeric) or '(the data has none)'}")


def weighed_rows(rows: pa.Table, name: str) -> pa.Table:
    """The rows that count at all: a weight of 0 leaves a row out.

    Raises:
        DataError: a weight is missing, below 0 or infinite, or none is above 0.
    """
    weights = numbers(column(rows, name))
    bad = weights[~(np.isfinite(weights) & (weights >= 0))]
    if bad.size:
        raise _wrong(name, f"{bad.size} weights such as {bad[0]}", "numbers from 0 on, none missing")
    if rows.num_rows and not weights.any():
        raise _wrong(name, "no weight above 0", "one or more")
    return rows.filter(pc.greater(rows[name], 0))


def row_weights(rows: pa.Table, name: str) -> NDArray[np.float32]:
    """The weights of rows, scaled to a mean of 1: so the learning rate means the same with them and without."""
    weights = numbers(column(rows, name))
    scaled: NDArray[np.float32] = (weights / weights.mean()).astype(np.float32)
    return scaled


def _wrong(name: str, found: str, allowed: str) -> DataError:
    return DataError(
        f"train.weight column {name!r}",
        found=found,
        allowed=allowed,
        action="Name the column that a cleaning rule or the source weighs rows by.",
    )
