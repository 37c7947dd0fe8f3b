"""What the columns of a data set version hold, told without showing any single row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict

from tasks.data.canonical import Columns
from tasks.data.reserved import RESERVED

if TYPE_CHECKING:
    import polars as pl

MOST_VALUES = 12
"""Values of a column that are shown; a column of more than `MOST_CATEGORIES` has none shown."""
MOST_CATEGORIES = 100
FEWEST_ROWS = 10
"""A value that fewer rows have could point at a person, and is counted among the others."""
_LEVELS = (0.05, 0.5, 0.95)


class ColumnFacts(BaseModel):
    """One column.

    Attributes:
        quantiles: of numbers their values, of strings their lengths in characters, at 5 %, 50 % and 95 %, by the
            nearest rank; empty: no row has a value, or it is no number and no string.
        values: the most frequent values with their rows.
        others: rows with another value than these, where values are shown.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    type: str
    missing: int
    quantiles: tuple[float, ...] = ()
    values: tuple[tuple[str, int], ...] = ()
    others: int = 0


class GroupCount(BaseModel):
    """Rows that share a value, by split; `(missing)` where there is none."""

    model_config = ConfigDict(frozen=True)

    value: str
    train: int
    test: int


def column_facts(rows: Sequence[Path], columns: Columns) -> tuple[ColumnFacts, ...]:
    """Each column of the rows in Parquet files but those that Lepton adds; a column at a time."""
    import polars as pl

    frame = pl.scan_parquet(list(rows))
    return tuple(_facts(frame, name, kind) for name, kind in columns.items() if name not in RESERVED)


def _facts(frame: pl.LazyFrame, name: str, kind: str) -> ColumnFacts:
    import polars as pl

    column = frame.select(pl.col(name)).collect(engine="streaming")[name]
    filled = column.drop_nulls()
    is_named = kind in ("string", "bool") and filled.n_unique() <= MOST_CATEGORIES
    values, others = _values(filled) if is_named else ((), 0)
    return ColumnFacts(
        name=name,
        type=kind,
        missing=column.null_count(),
        quantiles=() if is_named else _quantiles(filled, kind),
        values=values,
        others=others,
    )


def _values(filled: pl.Series) -> tuple[tuple[tuple[str, int], ...], int]:
    import polars as pl

    counts = filled.cast(pl.String).value_counts().rows()
    ordered = sorted(((str(value), int(rows)) for value, rows in counts), key=lambda pair: (-pair[1], pair[0]))
    shown = tuple(pair for pair in ordered[:MOST_VALUES] if pair[1] >= FEWEST_ROWS)
    return shown, len(filled) - sum(rows for _, rows in shown)


def _quantiles(filled: pl.Series, kind: str) -> tuple[float, ...]:
    import polars as pl

    if kind == "string":
        filled = filled.str.len_chars()
    elif not filled.dtype.is_numeric():
        return ()
    numbers = filled.cast(pl.Float64).drop_nans()
    found = [numbers.quantile(level, interpolation="nearest") for level in _LEVELS]
    return tuple(value for value in found if value is not None)


def group_counts(rows: Sequence[Path], column: str) -> tuple[GroupCount, ...]:
    """Rows of each value of a column by split, the most frequent first."""
    import polars as pl

    value = pl.col(column).cast(pl.String).fill_null("(missing)").alias("value")
    counted = pl.scan_parquet(list(rows)).group_by(value, "split").len().collect(engine="streaming")
    by_value: dict[str, dict[str, int]] = {}
    for name, split, count in counted.rows():
        by_value.setdefault(name, {})[split] = count
    found = [GroupCount(value=name, train=_of(own, "train"), test=_of(own, "test")) for name, own in by_value.items()]
    return tuple(sorted(found, key=lambda group: (-group.train - group.test, group.value)))


def _of(counts: Mapping[str, int], split: Literal["train", "test"]) -> int:
    return counts.get(split, 0)


def split_counts(rows: Sequence[Path]) -> dict[str, int]:
    """Rows of each split."""
    import polars as pl

    counted = pl.scan_parquet(list(rows)).group_by("split").len().collect(engine="streaming")
    return {str(split): int(count) for split, count in sorted(counted.rows())}
