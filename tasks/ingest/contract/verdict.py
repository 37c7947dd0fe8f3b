"""The rules of a contract as pandera checks, all of them evaluated on a batch in one Polars query.

A pandera schema would run each check as a query of its own: of a million rows in batches of 20,000 that takes five
times as long.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from infra.errors import RecipeError
from tasks.ingest.config import UNBOUNDED_LENGTH, ColumnContract
from tasks.ingest.contract.checks import RowChecks

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True)
class Rule:
    """What rows must meet, and the reason that those are told which don't.

    Attributes:
        column: what `check` looks at; a check of several columns looks at the whole row.
        check: a `pandera.polars.Check`.
    """

    reason: str
    column: str
    check: Any

    def holds(self, rows: pl.LazyFrame) -> pl.LazyFrame:
        """One boolean column: whether each row meets it; null counts as yes."""
        from pandera.api.polars.types import PolarsData
        from pandera.backends.polars import builtin_checks  # noqa: F401 - registers them
        from pandera.backends.polars.checks import PolarsCheckBackend

        outcome: pl.LazyFrame = PolarsCheckBackend(self.check).apply(PolarsData(rows, self.column))
        return outcome


def row_rules(contracts: Iterable[ColumnContract], checks: RowChecks) -> tuple[Rule, ...]:
    """The rules of every column, then those between columns.

    Raises:
        RecipeError: a pattern is no regular expression.
    """
    columns = [Rule(f"{c.name}: {check.error}", c.name, check) for c in contracts for check in _column_checks(c)]
    return (*columns, *(Rule(str(check), "*", _expression(check.holds(), str(check))) for check in checks.each()))


def first_reasons(rows: int, holds: Sequence[pl.LazyFrame], reasons: Sequence[str]) -> pl.Series:
    """For each of so many rows the first of `reasons` whose column in `holds` is false, or null."""
    import polars as pl

    if not holds:
        return pl.repeat(None, rows, dtype=pl.String, eager=True)
    named = [frame.select(pl.first().alias(str(place))) for place, frame in enumerate(holds)]
    broken = [pl.when(~pl.col(str(place))).then(pl.lit(reason)) for place, reason in enumerate(reasons)]
    return pl.concat(named, how="horizontal").select(pl.coalesce(broken)).collect().to_series()


def _column_checks(contract: ColumnContract) -> Iterator[Any]:
    import pandera.polars as pandera
    import polars as pl

    if not contract.nullable:
        yield _expression(pl.col(contract.name).is_not_null(), "missing")
    if contract.minimum > -sys.float_info.max:
        yield pandera.Check.ge(contract.minimum, error=f"below {contract.minimum:g}")
    if contract.maximum < sys.float_info.max:
        yield pandera.Check.le(contract.maximum, error=f"above {contract.maximum:g}")
    if contract.allowed:
        yield pandera.Check.isin(contract.allowed, error="not an allowed value")
    if contract.pattern:
        _refuse_broken(contract)
        yield pandera.Check.str_matches(f"^(?:{contract.pattern})$", error="not of the pattern")
    if contract.minimum_length > 0:
        error = f"shorter than {contract.minimum_length}"
        yield pandera.Check.str_length(min_value=contract.minimum_length, error=error)
    if contract.maximum_length < UNBOUNDED_LENGTH:
        error = f"longer than {contract.maximum_length}"
        yield pandera.Check.str_length(max_value=contract.maximum_length, error=error)


def _expression(holds: pl.Expr, reason: str) -> Any:
    import pandera.polars as pandera

    return pandera.Check(lambda data: data.lazyframe.select(holds), error=reason)


def _refuse_broken(contract: ColumnContract) -> None:
    import polars as pl

    try:
        pl.Series([""]).str.contains(f"^(?:{contract.pattern})$")
    except pl.exceptions.ComputeError as error:
        reason = str(error).partition("error:")[2].strip() or "no regular expression"
        raise RecipeError(
            f"ingest.contract, pattern of {contract.name}",
            found=f"{contract.pattern!r}: {reason}",
            allowed="a regular expression of Rust's regex crate, which has no look-around",
            action="Mend the pattern.",
        ) from None
