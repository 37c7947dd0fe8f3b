"""Checks that look at several columns of one row: what a contract says of them, and how a row breaks it.

Where a value is missing there is nothing to compare, so a comparison or a sum holds, as a CHECK of SQL does: whether a
value may be missing is a question of its own, which `nullable` and the conditions answer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Literal, Self

from pydantic import Field, model_validator

from tasks.options import Options

if TYPE_CHECKING:
    import polars as pl

ColumnType = Literal["string", "integer", "number", "boolean"]
_NUMERIC = ("integer", "number")


class Comparison(Options):
    """Two columns of a row that must stand in an order."""

    left: str = Field(description="Column on the left.")
    comparison: Literal["<", "<=", "==", "!=", ">=", ">"] = Field(description="How it must compare with the right one.")
    right: str = Field(description="Column on the right. Texts compare by their characters, so dates must be ISO 8601.")

    def __str__(self) -> str:
        return f"{self.left} {self.comparison} {self.right}"

    def reads(self) -> tuple[str, ...]:
        """Columns that it looks at."""
        return self.left, self.right

    def refuse_types(self, types: Mapping[str, ColumnType]) -> None:
        """Refuse columns that can't be compared."""
        left, right = types[self.left], types[self.right]
        if left != right and not (left in _NUMERIC and right in _NUMERIC):
            raise ValueError(f"checks.comparisons: found {self}, of {left} and {right}; give them one type")
        if left == "boolean" and self.comparison not in ("==", "!="):
            raise ValueError(f"checks.comparisons: found {self}, of booleans; use == or !=")

    def holds(self) -> pl.Expr:
        """Whether a row meets it; null where a value is missing."""
        import operator

        import polars as pl

        compare = {
            "<": operator.lt,
            "<=": operator.le,
            "==": operator.eq,
            "!=": operator.ne,
            ">=": operator.ge,
            ">": operator.gt,
        }[self.comparison]
        result: pl.Expr = compare(pl.col(self.left), pl.col(self.right))
        return result


class Condition(Options):
    """What a column must be where another one has a value."""

    column: str = Field(description="The column that must be so.")
    must_be: Literal["present", "missing", "one_of"] = Field(default="present", description="What it must be.")
    allowed: list[str] = Field(default=[], description="For `one_of`: the values that it may have; none missing.")
    when: str = Field(description="The column that decides.")
    is_one_of: list[str] = Field(default=[], description="Values of `when` that ask for it; empty: any value.")

    @model_validator(mode="after")
    def _check(self) -> Self:
        if (self.must_be == "one_of") != bool(self.allowed):
            raise ValueError(f"allowed: found {self.allowed} for must_be {self.must_be}; it belongs to one_of")
        if self.column == self.when:
            raise ValueError(
                f"when: found {self.when!r}, the column itself; name another, or use the column's contract"
            )
        return self

    def __str__(self) -> str:
        cause = f"{self.when} is {' or '.join(self.is_one_of) if self.is_one_of else 'present'}"
        wanted = f"one of {', '.join(self.allowed)}" if self.must_be == "one_of" else self.must_be
        return f"{self.column} must be {wanted} when {cause}"

    def reads(self) -> tuple[str, ...]:
        """Columns that it looks at."""
        return self.column, self.when

    def refuse_types(self, types: Mapping[str, ColumnType]) -> None:
        """Refuse numbers where values are listed: 1 and 1.0 would be two texts."""
        for name, values in ((self.column, self.allowed), (self.when, self.is_one_of)):
            if values and types[name] == "number":
                raise ValueError(
                    f"checks.conditions: found values for {name}, of type number; use an integer or a string"
                )

    def holds(self) -> pl.Expr:
        """Whether a row meets it."""
        import polars as pl

        decides, value = pl.col(self.when), pl.col(self.column)
        asked = decides.cast(pl.String).is_in(self.is_one_of) if self.is_one_of else decides.is_not_null()
        if self.must_be == "one_of":
            met = value.cast(pl.String).is_in(self.allowed).fill_null(value=False)
        else:
            met = value.is_not_null() if self.must_be == "present" else value.is_null()
        return ~asked.fill_null(value=False) | met


class Presence(Options):
    """How many of some columns must have a value."""

    columns: list[str] = Field(min_length=2, description="The columns that are counted.")
    must_have: Literal["at_least_one", "at_most_one", "exactly_one", "all_or_none"] = Field(
        default="at_least_one", description="How many of them must have a value."
    )

    def __str__(self) -> str:
        return f"{self.must_have.replace('_', ' ')} of {', '.join(self.columns)}"

    def reads(self) -> tuple[str, ...]:
        """Columns that it looks at."""
        return tuple(self.columns)

    def refuse_types(self, types: Mapping[str, ColumnType]) -> None:
        """Any type can be present."""

    def holds(self) -> pl.Expr:
        """Whether a row meets it."""
        import polars as pl

        count = pl.sum_horizontal(pl.col(name).is_not_null() for name in self.columns)
        if self.must_have == "at_least_one":
            return count >= 1
        if self.must_have == "at_most_one":
            return count <= 1
        return count == 1 if self.must_have == "exactly_one" else count.is_in([0, len(self.columns)])


class Sum(Options):
    """A column that must be the sum of others."""

    total: str = Field(description="The column with the sum.")
    parts: list[str] = Field(min_length=1, description="The columns that are added up.")
    tolerance: float = Field(default=1e-9, ge=0, description="Largest difference that counts as equal.")

    def __str__(self) -> str:
        return f"{self.total} = {' + '.join(self.parts)}"

    def reads(self) -> tuple[str, ...]:
        """Columns that it looks at."""
        return self.total, *self.parts

    def refuse_types(self, types: Mapping[str, ColumnType]) -> None:
        """Refuse what can't be added."""
        for name in self.reads():
            if types[name] not in _NUMERIC:
                raise ValueError(f"checks.sums: found {self}, where {name} is a {types[name]}; only numbers add up")

    def holds(self) -> pl.Expr:
        """Whether a row meets it; null where a value is missing."""
        import polars as pl

        return (pl.col(self.total) - pl.sum_horizontal(self.parts, ignore_nulls=False)).abs() <= self.tolerance


class RowChecks(Options):
    """What must hold between the columns of a row."""

    comparisons: list[Comparison] = Field(default=[], description="Columns that must stand in an order.")
    conditions: list[Condition] = Field(default=[], description="What a column must be where another has a value.")
    presence: list[Presence] = Field(default=[], description="How many of some columns must have a value.")
    sums: list[Sum] = Field(default=[], description="Columns that must be the sum of others.")

    def each(self) -> Iterator[Comparison | Condition | Presence | Sum]:
        """All of them, in the order in which a row is told its reason."""
        yield from self.comparisons
        yield from self.conditions
        yield from self.presence
        yield from self.sums

    def refuse_columns(self, types: Mapping[str, ColumnType]) -> None:
        """Refuse checks on columns that are not there or of another type.

        Raises:
            ValueError: with the text that a recipe's error shows.
        """
        for check in self.each():
            refuse_unknown("checks", check.reads(), types)
            check.refuse_types(types)


def refuse_unknown(option: str, names: tuple[str, ...], types: Mapping[str, ColumnType]) -> None:
    """Refuse columns that the contract does not name, or names that stand twice.

    Raises:
        ValueError: with the text that a recipe's error shows.
    """
    for name in names:
        if name not in types:
            raise ValueError(f"{option}: found column {name!r}, which the contract lacks; it has {', '.join(types)}")
    if len(set(names)) < len(names):
        raise ValueError(f"{option}: found a column twice in {', '.join(names)}; name each once")
