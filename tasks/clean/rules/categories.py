"""The rule that brings the spellings of a category together."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import Literal, Self

import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field, model_validator

from tasks.clean.rules.columns import batch_texts, named
from tasks.clean.rules.mapping import map_values, replace_column
from tasks.clean.rules.refusal import refuse_in
from tasks.options import Options


class Category(Options):
    """A category of a column, and what else stands for it."""

    column: str = Field(description="String column.")
    values: list[str] = Field(default=[], description="Spellings that become it.")
    to: str = Field(min_length=1, description="The category.")


class MapCategoriesOptions(Options):
    """The categories of columns."""

    categories: list[Category] = Field(default=[], description="The categories; columns that none names stay.")
    ignore_case: bool = Field(default=False, description="Let spellings match whatever their case.")
    others: Literal["keep", "refuse", "replace"] = Field(
        default="keep", description="What becomes of a value that is in no list: it stays, its row is refused, or..."
    )
    other: str = Field(default="other", min_length=1, description="...it becomes this.")

    @model_validator(mode="after")
    def _check(self) -> Self:
        for column in self.columns:
            mine = [category for category in self.categories if category.column == column]
            counts = Counter(self.spelled(value) for category in mine for value in {*category.values, category.to})
            twice = sorted(value for value, count in counts.items() if count > 1)
            if twice:
                allowed = "each value once in a column, as a spelling of one category or as one"
                raise ValueError(f"categories: found {', '.join(twice)} twice in {column}; allowed: {allowed}")
        return self

    @property
    def columns(self) -> list[str]:
        """The columns that have categories."""
        return list(dict.fromkeys(category.column for category in self.categories))

    def spelled(self, value: str) -> str:
        """A value as it is compared."""
        return value.casefold() if self.ignore_case else value

    def mapping(self, column: str) -> dict[str, str]:
        """The category of each spelling of a column, itself included."""
        mine = [category for category in self.categories if category.column == column]
        return {self.spelled(value): category.to for category in mine for value in [*category.values, category.to]}


def map_categories(batch: pa.Table, options: MapCategoriesOptions) -> pa.Table:
    """Bring the spellings of a category together, settle what becomes of other values. Missing ones stay."""
    for name in named(options.columns, batch_texts(batch, []), "map_categories", "categories"):
        values = batch[name]
        known = options.mapping(name)
        if options.others == "replace":
            known.setdefault(options.spelled(options.other), options.other)
        found = map_values(values, partial(_look_up, known, options), pa.string())
        is_other = pc.and_(pc.is_valid(values), pc.is_null(found))
        instead = pa.scalar(options.other) if options.others == "replace" else values
        batch = replace_column(batch, name, pc.if_else(is_other, instead, found))
        if options.others == "refuse":
            batch = refuse_in(batch, is_other, "map_categories")
    return batch


def _look_up(known: dict[str, str], options: MapCategoriesOptions, value: str) -> str | None:
    return known.get(options.spelled(value))
