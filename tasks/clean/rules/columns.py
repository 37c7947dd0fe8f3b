"""Which columns a rule works on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import narwhals as nw
import pyarrow as pa
from pydantic import Field

from infra.errors import RecipeError
from tasks.data.reserved import RESERVED
from tasks.data.split import OUTPUTS
from tasks.options import Options

Frame = nw.DataFrame[Any] | nw.LazyFrame[Any]


class TextOptions(Options):
    """A rule on text."""

    columns: list[str] = Field(default=[], description="String columns; empty: every string column of the data.")


class NumberOptions(Options):
    """A rule on numbers."""

    columns: list[str] = Field(default=[], description=f"Columns of numbers; empty: all but {', '.join(OUTPUTS)}.")


class ColumnOptions(Options):
    """A rule on columns of any type."""

    columns: list[str] = Field(default=[], description="Columns; empty: every column of the data.")


class InputOptions(Options):
    """A rule that must not invent what is to be predicted, unless told to."""

    columns: list[str] = Field(default=[], description=f"Columns; empty: all but {', '.join(OUTPUTS)}.")


class NamedColumnOptions(Options):
    """A rule that would make no sense on every column."""

    columns: list[str] = Field(default=[], description="Columns; they must be named where the rule is used.")


def data_columns(frame: Frame, chosen: Sequence[str]) -> list[str]:
    """The chosen columns, or all but the reserved ones."""
    return choose(chosen, _names(frame, lambda _: True))


def input_columns(frame: Frame, chosen: Sequence[str]) -> list[str]:
    """The chosen columns, or all but the reserved ones and the outputs."""
    return _inputs(chosen, _names(frame, lambda _: True))


def text_columns(frame: Frame, chosen: Sequence[str]) -> list[str]:
    """The chosen string columns, or all but the reserved ones."""
    return choose(chosen, _names(frame, lambda kind: kind == nw.String))


def number_columns(frame: Frame, chosen: Sequence[str]) -> list[str]:
    """The chosen columns of numbers, or all but the reserved ones and the outputs: a test's truth is not drawn in."""
    return _inputs(chosen, _names(frame, lambda kind: kind.is_numeric()))


def batch_texts(batch: pa.Table, chosen: Sequence[str]) -> list[str]:
    """The chosen string columns of an Arrow table, or all but the reserved ones."""
    return choose(chosen, [name for name in batch_columns(batch) if pa.types.is_string(batch.schema.field(name).type)])


def batch_columns(batch: pa.Table) -> list[str]:
    """The columns of an Arrow table but for the reserved ones."""
    return [name for name in batch.column_names if name not in RESERVED]


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


def named(chosen: Sequence[str], available: Sequence[str], rule: str, option: str = "columns") -> list[str]:
    """`chosen`, for a rule that does nothing by default.

    Raises:
        RecipeError: none is chosen, or one is not available.
    """
    if not chosen:
        raise RecipeError(
            f"cleaning rule {rule!r}",
            found=f"no {option}",
            allowed=", ".join(available) or "nothing: the data has no such column",
            action=f"Name them in clean.options.{rule}.{option}.",
        )
    return choose(chosen, available)


def _inputs(chosen: Sequence[str], available: Sequence[str]) -> list[str]:
    return choose(chosen, available) if chosen else [name for name in available if name not in OUTPUTS]


def _names(frame: Frame, accepts: Callable[[Any], bool]) -> list[str]:
    return [name for name, kind in frame.collect_schema().items() if name not in RESERVED and accepts(kind)]
