"""What can be seen of a column's texts while a file goes by, a batch at a time."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tasks.ingest.config import ColumnContract
from tasks.ingest.contract.checks import ColumnType
from tasks.ingest.contract.contract import converted

if TYPE_CHECKING:
    import polars as pl

TEXT_MARKS = ("", "?", "NA", "N/A", "n/a", "#N/A", "NaN", "nan", "NULL", "null")
"""Texts that mean a missing value wherever they stand."""
MARKS = (*TEXT_MARKS, "None", "none", "-", "--", ".")
"""Texts that mean one among numbers; among texts the last ones may be values."""
MOST_VALUES = 50
_TYPES: tuple[ColumnType, ...] = ("integer", "number", "boolean")
_CODE = r"^[+-]?0\d"  # 01234 is no number: it would lose its zero
_LONG = r"^[+-]?\d{16,}(?:\.0*)?$"  # nor is this one, unless it fits 64 bits: a float would round it
DIGITS = "digits"
PATTERNS = {
    "date": r"\d{4}-\d{2}-\d{2}",
    "date and time": r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z| ?[+-]\d{2}:?\d{2})?",
    "time": r"\d{2}:\d{2}(:\d{2}(\.\d+)?)?",
    "UUID": r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}",
    "e-mail address": r"[^@\s]+@[^@\s]+\.[^@\s]+",
    "URL": r"https?://\S+",
    "IPv4 address": r"(\d{1,3}\.){3}\d{1,3}",
    DIGITS: r"\d+",
}


@dataclass
class Observation:
    """One column so far.

    Attributes:
        rows: rows seen, and `missing`, how many of them had a mark or nothing.
        marks: marks of missing values that were met, with their number.
        types: types that all values convert to, besides string.
        low: the smallest number, and `high`, the largest; of values that convert.
        shortest: fewest characters of a value, and `longest`, the most.
        values: how often each value occurs, while there are at most `MOST_VALUES`.
        patterns: names in `PATTERNS` that every value matches.
        differs: whether no value repeats within a batch.
    """

    name: str
    rows: int = 0
    marks: Counter[str] = field(default_factory=Counter)
    nulls: int = 0
    types: dict[ColumnType, None] = field(default_factory=lambda: dict.fromkeys(_TYPES))
    low: float = float("inf")
    high: float = float("-inf")
    shortest: int = 2**31 - 1
    longest: int = 0
    values: Counter[str] | None = field(default_factory=Counter)
    patterns: dict[str, None] = field(default_factory=lambda: dict.fromkeys(PATTERNS))
    differs: bool = True

    def see(self, texts: pl.Series) -> None:
        """Take in the next batch."""
        self.rows += len(texts)
        self.nulls += texts.null_count()
        marked = texts.filter(texts.is_in(MARKS)).value_counts()
        self.marks.update(dict(marked.rows()))
        present = texts.drop_nulls()
        self._see_numbers(present.filter(~present.is_in(MARKS)))
        self._see_texts(present.filter(~present.is_in(TEXT_MARKS)))

    def missing(self, marks: tuple[str, ...]) -> int:
        """Rows with nothing or one of `marks`."""
        return self.nulls + sum(self.marks[mark] for mark in marks)

    def _see_numbers(self, values: pl.Series) -> None:
        if not self.types or not len(values):
            return
        if values.str.strip_chars().str.contains(_CODE).any():
            self.types.clear()
            return
        for kind in tuple(self.types):
            typed = (
                values.to_frame()
                .select(converted(ColumnContract.model_construct(name=self.name, type=kind)))
                .to_series()
            )
            if typed.null_count() or not _is_spelled(values, kind):
                del self.types[kind]
            elif kind != "boolean":
                numbers = typed.to_numpy()
                self.low, self.high = min(self.low, float(numbers.min())), max(self.high, float(numbers.max()))

    def _see_texts(self, values: pl.Series) -> None:
        if not len(values):
            return
        lengths = values.str.len_chars().to_numpy()
        self.shortest, self.longest = min(self.shortest, int(lengths.min())), max(self.longest, int(lengths.max()))
        for name in tuple(self.patterns):
            if not values.str.contains(f"^(?:{PATTERNS[name]})$").all():
                del self.patterns[name]
        if self.differs or self.values is not None:
            counts = values.value_counts()
            self.differs = self.differs and len(counts) == len(values)
            self._count(counts)

    def _count(self, counts: pl.DataFrame) -> None:
        if self.values is not None and len(counts) <= MOST_VALUES:
            self.values.update(dict(counts.rows()))
        if self.values is None or len(counts) > MOST_VALUES or len(self.values) > MOST_VALUES:
            self.values = None


def _is_spelled(values: pl.Series, kind: ColumnType) -> bool:
    """Whether texts that convert were meant so: 1 and 0 are numbers first, and twenty digits are no float."""
    if kind == "boolean":
        return bool(values.str.to_lowercase().is_in(["true", "false"]).all())
    return kind == "integer" or not values.str.strip_chars().str.contains(_LONG).any()
