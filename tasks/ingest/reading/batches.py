"""Rows of a source as text, some at a time, with the place of each, and the rows that could not be read."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

Values = Sequence[str | None]


@dataclass(frozen=True)
class Refused:
    """A row that was set aside: why, where it stood, and what it said."""

    reason: str
    origin: str
    content: str


@dataclass(frozen=True)
class Batch:
    """Rows as text columns, each row with its line (or number, where there are no lines) in `file`.

    Attributes:
        found: columns of these rows, also those that were not wanted.
        has_header: whether the file says what columns all of its rows have; else `found` speaks for this batch alone.
    """

    rows: pa.Table
    lines: Sequence[int]
    file: str
    found: tuple[str, ...]
    refused: tuple[Refused, ...] = ()
    has_header: bool = True

    def origin(self, place: int) -> str:
        """Where row `place` of the batch stood."""
        return f"{self.file}:{self.lines[place]}"


@dataclass(frozen=True)
class Line:
    """A row as read: its values in the order of the columns, or the reason why it has none."""

    number: int
    values: Values
    reason: str = ""


def make_batch(
    file: str, lines: Sequence[Line], names: Sequence[str], found: tuple[str, ...], has_header: bool = True
) -> Batch:
    """Rows to columns. Only if that fails is each value looked at for bytes that are not UTF-8."""
    good = [line for line in lines if not line.reason]
    try:
        rows = _table(good, names)
    except UnicodeEncodeError:
        lines = [x if x.reason or is_text(x.values) else Line(x.number, x.values, "not UTF-8") for x in lines]
        good = [line for line in lines if not line.reason]
        rows = _table(good, names)
    bad = tuple(Refused(line.reason, f"{file}:{line.number}", row_text(line.values)) for line in lines if line.reason)
    return Batch(rows, tuple(line.number for line in good), file, found, bad, has_header)


def row_text(row: Values | dict[str, Any]) -> str:
    """A row as a line of JSON, with a mark in place of what is not text."""
    return json.dumps(row, ensure_ascii=False).encode("utf-8", "replace").decode()


def is_text(values: Iterable[str | None]) -> bool:
    """Whether no value holds bytes that are not UTF-8."""
    try:
        for value in values:
            (value or "").encode()
    except UnicodeEncodeError:
        return False
    return True


def _table(lines: Sequence[Line], names: Sequence[str]) -> pa.Table:
    columns = list(zip(*(line.values for line in lines), strict=True)) or [()] * len(names)
    return pa.table({name: pa.array(column, pa.string()) for name, column in zip(names, columns, strict=True)})
