"""One spelling for a row, whichever engine, library or file it came through.

A data set has four types: string, int64, float64 and bool. A float that is not a number counts as missing (pandas
knows no difference), and minus zero is zero.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from infra.errors import DataError

Columns = dict[str, str]
TYPES: dict[str, pa.DataType] = {
    "string": pa.string(),
    "int64": pa.int64(),
    "float64": pa.float64(),
    "bool": pa.bool_(),
}


def arrow_schema(columns: Columns) -> pa.Schema:
    """The Arrow schema of columns given as name and type."""
    return pa.schema([(name, TYPES[kind]) for name, kind in columns.items()])


def column_types(schema: pa.Schema) -> Columns:
    """Name and type of every column of a canonical table."""
    kinds = {kind: name for name, kind in TYPES.items()}
    return {field.name: kinds[field.type] for field in schema}


def canonical_table(table: pa.Table) -> pa.Table:
    """The same rows in the four types.

    Raises:
        DataError: a column has a type without a canonical one, such as a date or a list.
    """
    columns = [_canonical_column(name, table.column(name)) for name in table.column_names]
    return pa.table(dict(zip(table.column_names, columns, strict=True)))


def _canonical_column(name: str, values: pa.ChunkedArray) -> pa.ChunkedArray:
    kind = values.type
    if pa.types.is_dictionary(kind):
        values, kind = values.cast(kind.value_type), kind.value_type
    if pa.types.is_null(kind) or pa.types.is_string(kind) or pa.types.is_large_string(kind) or _is_string_view(kind):
        return values.cast(pa.string())
    if pa.types.is_boolean(kind):
        return values
    if pa.types.is_integer(kind):
        return values.cast(pa.int64())
    if pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        numbers = values.cast(pa.float64())
        return pc.add(pc.if_else(pc.is_nan(numbers), pa.scalar(None, pa.float64()), numbers), 0.0)
    raise DataError(
        f"column {name!r}",
        found=f"values of type {kind}",
        allowed=", ".join(TYPES),
        action="Convert the column to one of these, for instance to a string.",
    )


def _is_string_view(kind: pa.DataType) -> bool:
    return bool(kind == pa.string_view())
