"""One row that a person asks about, checked against what the model reads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from infra.errors import RecipeError
from tasks.features.columns import ColumnType
from tasks.features.files import Features
from tasks.features.text import TextFeatures


def row_table(features: Features, row: Mapping[str, Any]) -> pa.Table:
    """A row as a table of the columns that a model reads.

    Raises:
        RecipeError: a column is not one of the model's, is not given, or is of another type.
    """
    columns = features.columns
    asked_by = "--text" if set(row) == {"text"} and not isinstance(features, TextFeatures) else "--row"
    unknown = [name for name in row if name not in columns]
    absent = [name for name in columns if name not in row]
    if unknown:
        raise _wrong(asked_by, f"the column {unknown[0]}", columns)
    if absent:
        raise _wrong(asked_by, f"no column {absent[0]}", columns)
    return pa.table({name: _value(name, row[name], type_) for name, type_ in columns.items()})


def numbered_row(rows: pa.Table, place: int) -> pa.Table:
    """The row at `place` of the test rows.

    Raises:
        RecipeError: there is none.
    """
    if not 0 <= place < rows.num_rows:
        allowed = f"0 to {rows.num_rows - 1}, the rows of the test split" if rows.num_rows else "nothing: no test rows"
        raise RecipeError("--row", found=str(place), allowed=allowed, action="Take another number.")
    return rows.slice(place, 1)


def _value(name: str, value: Any, type_: ColumnType) -> pa.Array:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    fits = {
        "double": is_number,
        "long": isinstance(value, int | str) and not isinstance(value, bool),
        "boolean": isinstance(value, bool),
        "string": isinstance(value, str),
    }
    if value is not None and not fits[type_]:
        kinds = {"double": "a number", "long": "a whole number", "boolean": "true or false", "string": "a text"}
        raise RecipeError(
            f"--row {name}", found=repr(value), allowed=f"{kinds[type_]}, or null where it is missing", action="Fix it."
        )
    if type_ == "double":
        return pa.array([value], pa.float64())
    return pa.array([value], pa.bool_() if type_ == "boolean" else pa.string() if isinstance(value, str) else None)


def _wrong(asked_by: str, found: str, columns: Mapping[str, ColumnType]) -> RecipeError:
    return RecipeError(
        asked_by,
        found=found,
        allowed=f"the columns of the model: {', '.join(columns)}",
        action="Give each once, for example --row '{\"" + next(iter(columns)) + "\": …}', or the number of a test row.",
    )
