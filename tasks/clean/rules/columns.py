"""Which columns a rule works on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import narwhals as nw
from pydantic import Field

from infra.errors import RecipeError
from tasks.data.reserved import RESERVED
from tasks.options import Options


class TextOptions(Options):
    """A rule on text."""

    columns: list[str] = Field(default=[], description="String columns; empty: every string column of the data.")


class ColumnOptions(Options):
    """A rule on columns of any type."""

    columns: list[str] = Field(default=[], description="Columns; empty: every column of the data.")


def data_columns(frame: nw.DataFrame[Any] | nw.LazyFrame[Any], chosen: Sequence[str]) -> list[str]:
    """The chosen columns, or all but the reserved ones."""
    return choose(chosen, [name for name in frame.collect_schema().names() if name not in RESERVED])


def text_columns(frame: nw.DataFrame[Any] | nw.LazyFrame[Any], chosen: Sequence[str]) -> list[str]:
    """The chosen string columns, or all but the reserved ones."""
    schema = frame.collect_schema()
    return choose(chosen, [name for name, kind in schema.items() if kind == nw.String and name not in RESERVED])


def choose(chosen: Sequence[str], available: Sequence[str]) -> list[str]:
    """`chosen`, or if that is empty all that are available.

    Raises:
        RecipeError: one is not available.
    """
    missing = [name for name in chosen if name not in available]
    if missing:
        raise RecipeError(
            "columns of a cleaning rule",
            found=", ".join(missing),
            allowed=", ".join(available) or "nothing: the data has no such column",
            action="Change clean.options.",
        )
    return list(chosen or available)
