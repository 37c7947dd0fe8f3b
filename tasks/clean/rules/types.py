"""Rules that read truth values and numbers out of text, and give their columns the type."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Literal, Self

import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field, model_validator

from infra.errors import RecipeError
from tasks.clean.rules.columns import NamedColumnOptions, batch_columns, named
from tasks.clean.rules.mapping import map_values, replace_column
from tasks.clean.rules.numerals import DecimalMark, read_number
from tasks.clean.rules.refusal import refuse_in

Unreadable = Literal["refuse", "missing"]


class ParseBooleansOptions(NamedColumnOptions):
    """Which words are true and which are not, whatever their case."""

    true_words: list[str] = Field(default=["true", "t", "yes", "y", "on", "1"], min_length=1, description="True.")
    false_words: list[str] = Field(default=["false", "f", "no", "n", "off", "0"], min_length=1, description="False.")
    unreadable: Unreadable = Field(default="refuse", description="What becomes of a row with another word.")

    @model_validator(mode="after")
    def _check(self) -> Self:
        both = set(map(str.casefold, self.true_words)) & set(map(str.casefold, self.false_words))
        if both:
            raise ValueError(f"true_words: found {', '.join(sorted(both))} in false_words too; allowed: in one of them")
        return self


class ParseNumbersOptions(NamedColumnOptions):
    """How numbers are written, and what they become."""

    decimal_mark: DecimalMark = Field(default="point", description="1,234.5 has a point, 1.234,5 a comma.")
    type: Literal["float64", "int64"] = Field(default="float64", description="Type of the columns.")
    unreadable: Unreadable = Field(default="refuse", description="What becomes of a row with anything else.")


def parse_booleans(batch: pa.Table, options: ParseBooleansOptions) -> pa.Table:
    """Read yes and no, or what words there are for them, as true and false.

    Blank is missing. A refused row is in quarantine without the word; the raw version has it.
    """
    words = {word.casefold(): True for word in options.true_words}
    words |= {word.casefold(): False for word in options.false_words}
    names = named(options.columns, batch_columns(batch), "parse_booleans")
    read = partial(_look_up, words)
    return _parse(batch, names, read, pa.bool_(), "parse_booleans" if options.unreadable == "refuse" else "")


def parse_numbers(batch: pa.Table, options: ParseNumbersOptions) -> pa.Table:
    """Read numbers that have thousands marked, a currency, a percent sign or an accountant's brackets.

    Blank is missing. A refused row is in quarantine without the text; the raw version has it.
    """
    names = named(options.columns, batch_columns(batch), "parse_numbers")
    read = partial(read_number, decimal_mark=options.decimal_mark, whole=options.type == "int64")
    kind = pa.int64() if options.type == "int64" else pa.float64()
    return _parse(batch, names, read, kind, "parse_numbers" if options.unreadable == "refuse" else "")


def _parse(batch: pa.Table, names: list[str], read: Callable[[str], Any], kind: pa.DataType, rule: str) -> pa.Table:
    for name in names:
        values = batch[name]
        if values.type == kind:  # it was read before
            continue
        if not pa.types.is_string(values.type):
            raise RecipeError(
                f"column {name!r}", found=f"type {values.type}", allowed=f"string or {kind}", action="Take it out."
            )
        parsed = map_values(values, read, kind)
        batch = replace_column(batch, name, parsed)
        if rule:
            is_blank = pc.equal(pc.utf8_trim_whitespace(values), "")
            batch = refuse_in(batch, pc.and_(pc.is_null(parsed), pc.invert(is_blank)), rule)
    return batch


def _look_up(words: dict[str, bool], text: str) -> bool | None:
    return words.get(text.strip().casefold())
