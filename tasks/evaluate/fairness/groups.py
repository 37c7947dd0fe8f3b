"""Which group each row belongs to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from infra.errors import DataError
from tasks.features.columns import MISSING, numbers, texts

Codes = NDArray[np.int64]

NULL = "(missing)"
BANDS = 4
MOST_GROUPS = 100
_FEW_NUMBERS = 10


@dataclass(frozen=True)
class Groups:
    """Groups of n rows.

    Attributes:
        columns: that they come from; several are crossed.
        names: of the groups that have a row.
        codes: n places in `names`.
    """

    columns: tuple[str, ...]
    names: tuple[str, ...]
    codes: Codes


def groups_by(rows: pa.Table, column: str) -> Groups:
    """The groups of a protected column: its values, or of numbers with more than ten values four bands.

    Bands have a quarter of the rows each, as far as equal numbers allow. A missing value is a group too.

    Raises:
        DataError: there is no such column, or it has more than a hundred groups.
    """
    if column not in rows.column_names:
        raise DataError(
            f"evaluate.fairness.protected, {column}",
            found=f"columns {', '.join(rows.column_names)}",
            allowed="a column of the data set",
            action="Name it as the data set does, or add it to ingest.contract.",
        )
    values = rows.column(column)
    is_number = pa.types.is_integer(values.type) or pa.types.is_floating(values.type)
    names, codes = _bands(numbers(values)) if is_number else _distinct(texts(values))
    if len(names) > MOST_GROUPS:
        raise DataError(
            f"evaluate.fairness.protected, {column}",
            found=f"{len(names)} different values",
            allowed=f"at most {MOST_GROUPS} groups",
            action="Group its values by a cleaning rule, or leave the column out.",
        )
    return Groups((column,), names, codes)


def crossed(parts: Sequence[Groups]) -> Groups:
    """The groups of rows that agree in every column, as far as there are rows."""
    pairs, codes = np.unique(np.stack([part.codes for part in parts]), axis=1, return_inverse=True)
    names = [", ".join(part.names[code] for part, code in zip(parts, pair, strict=True)) for pair in pairs.T]
    columns = tuple(column for part in parts for column in part.columns)
    return Groups(columns, tuple(names), codes.reshape(-1).astype(np.int64))


def _distinct(values: Sequence[str]) -> tuple[tuple[str, ...], Codes]:
    known = sorted(set(values) - {MISSING})
    names = (*known, NULL) if MISSING in values else tuple(known)
    place = {name: number for number, name in enumerate(names)}
    return names, np.array([place[value or NULL] for value in values], np.int64)


def _bands(values: NDArray[np.float64]) -> tuple[tuple[str, ...], Codes]:
    """Groups of numbers, in order, and those that are missing last."""
    is_known = ~np.isnan(values)
    known = values[is_known]
    distinct = np.unique(known)
    edges = distinct if len(distinct) <= _FEW_NUMBERS else _quantiles(known)
    _, codes = np.unique(np.searchsorted(edges, known), return_inverse=True)
    names = [_band(known[codes == code]) for code in range(codes.max(initial=-1) + 1)]
    placed = np.full(len(values), len(names), np.int64)
    placed[is_known] = codes
    return (*names, NULL) if not is_known.all() else tuple(names), placed


def _quantiles(values: NDArray[np.float64]) -> NDArray[np.float64]:
    shares = np.arange(1, BANDS) / BANDS
    edges: NDArray[np.float64] = np.unique(np.quantile(values, shares, method="inverted_cdf"))
    return edges


def _band(values: NDArray[np.float64]) -> str:
    low, high = values.min(), values.max()
    return f"{low:.10g}" if low == high else f"{low:.10g} to {high:.10g}"
