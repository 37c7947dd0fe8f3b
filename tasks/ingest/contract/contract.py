"""The contract of a source: names become roles, text becomes typed values, and each row that breaks it says why."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import pyarrow as pa

from infra.errors import DataError
from tasks.ingest.config import ColumnContract, IngestOptions, SourceColumns
from tasks.ingest.contract.unique import not_unique
from tasks.ingest.contract.verdict import Rule, first_reasons, row_rules

if TYPE_CHECKING:
    import polars as pl

_KINDS = {"string": "string", "integer": "int64", "number": "float64", "boolean": "bool"}
_INTEGER = r"^([+-]?\d+)(?:\.0*)?$"  # a library that knows no missing integers writes 3.0
_TRUE, _FALSE = ["true", "1"], ["false", "0"]


@dataclass(frozen=True)
class Column:
    """One column that is read: its contract, its name in the source, and whether the source may lack it."""

    contract: ColumnContract
    source: str
    option: str
    optional: bool = False


class Contract:
    """What must hold for every row of a source."""

    def __init__(self, options: IngestOptions, columns: SourceColumns) -> None:
        self.columns = tuple(_columns(options, columns))
        self.types = {c.contract.name: _KINDS[c.contract.type] for c in self.columns}
        self.payload = tuple(c.name for c in options.contract)
        self.unique = (*((c.name,) for c in options.contract if c.unique), *map(tuple, options.unique_together))
        self.checks = options.checks

    @property
    def wanted(self) -> list[str]:
        """Names of the columns to read."""
        return list(dict.fromkeys(column.source for column in self.columns))

    @property
    def identifiers(self) -> list[str]:
        """Columns whose values are unique by themselves."""
        return [columns[0] for columns in self.unique if len(columns) == 1]

    @property
    def learns_classes(self) -> bool:
        """Whether labels are classes to learn. Numbers are none, and labels that may be missing only describe."""
        return any(
            c.contract.name == "label" and c.contract.type != "number" and not c.contract.nullable for c in self.columns
        )

    def check(self, rows: pa.Table) -> tuple[pa.Table, pa.Array]:
        """Typed columns by role, and for each row the first reason why it breaks the contract, or null.

        All rules are evaluated in one query, so good rows cost little and bad ones no more.
        """
        import polars as pl

        texts = pl.DataFrame(
            {c.contract.name: _column(rows, c.source) for c in self.columns},
            schema={c.contract.name: pl.String for c in self.columns},
        )
        texts = texts.with_columns(_without_missing(c.contract) for c in self.columns)
        typed = texts.select(converted(c.contract) for c in self.columns)
        failed, kinds = self._conversions(texts, typed)
        holds = [*failed, *(rule.holds(typed.lazy()) for rule in self._rules)]
        reasons = first_reasons(len(typed), holds, [*kinds, *(rule.reason for rule in self._rules)])
        return typed.to_arrow(), reasons.to_arrow()

    def check_names(self, found: Collection[str]) -> None:
        """See that a source has the columns that it must have.

        Raises:
            DataError: it lacks one.
        """
        has_any = any(column.source in found for column in self.columns)
        for column in self.columns:
            if column.source not in found and not (column.optional and has_any):
                raise DataError(
                    f"column {column.source!r} (for {column.contract.name})",
                    found=f"only the columns {', '.join(found)}",
                    allowed="a source that has every column of the contract",
                    action="Set ingest.delimiter to what separates its values."
                    if len(found) == 1 and any(mark in next(iter(found)) for mark in ";\t|")
                    else f"Set {column.option}, or change the source.",
                )

    def _conversions(self, texts: pl.DataFrame, typed: pl.DataFrame) -> tuple[list[pl.LazyFrame], list[str]]:
        """Whether each text became a value of its column's type, and what to say where it did not."""
        holds, reasons = [], []
        for column in self.columns:
            name = column.contract.name
            if column.contract.type != "string":
                converts = texts[name].is_null() | typed[name].is_not_null()
                holds.append(converts.to_frame().lazy())
                reasons.append(_not_a(column.contract))
        return holds, reasons

    @cached_property
    def looked_at(self) -> dict[str, dict[str, str]]:
        """For each reason the columns that it speaks of, by their names here and in the source."""
        sources = {column.contract.name: column.source for column in self.columns}
        names: dict[str, tuple[str, ...]] = {_not_a(c.contract): (c.contract.name,) for c in self.columns}
        names |= {rule.reason: (rule.column,) for rule in self._rules if rule.column in sources}
        names |= {str(check): check.reads() for check in self.checks.each()}
        names |= {not_unique(columns): columns for columns in self.unique}
        return {reason: {name: sources[name] for name in columns} for reason, columns in names.items()}

    @cached_property
    def _rules(self) -> tuple[Rule, ...]:
        return row_rules([column.contract for column in self.columns], self.checks)


def _columns(options: IngestOptions, names: SourceColumns) -> Iterator[Column]:
    for contract in options.contract:
        if contract.name in SourceColumns.model_fields:
            mapped, option = getattr(names, contract.name), f"ingest.columns.{contract.name}"
            yield Column(contract, mapped or contract.name, option, optional=contract.nullable and not mapped)
        else:
            yield Column(contract, contract.name, "ingest.contract")
    if names.split:
        sides = ColumnContract.model_construct(name="split", allowed=["train", "test"])
        yield Column(sides, names.split, "ingest.columns.split")
    if names.key:
        yield Column(ColumnContract.model_construct(name="key"), names.key, "ingest.columns.key")


def _not_a(contract: ColumnContract) -> str:
    return f"{contract.name}: not {'an' if contract.type == 'integer' else 'a'} {contract.type}"


def _column(rows: pa.Table, name: str) -> pl.Series | list[None]:
    import polars as pl

    if name not in rows.column_names:
        return [None] * rows.num_rows
    return pl.Series(pl.from_arrow(rows.column(name)))


def _without_missing(contract: ColumnContract) -> pl.Expr:
    import polars as pl

    value = pl.col(contract.name)
    return pl.when(~value.is_in(contract.missing)).then(value).alias(contract.name)


def converted(contract: ColumnContract) -> pl.Expr:
    """A column of texts as the contract's type; what does not convert becomes null."""
    import polars as pl

    value = pl.col(contract.name)
    if contract.type == "string":
        return value
    value = value.str.strip_chars()
    if contract.type == "integer":
        return value.str.extract(_INTEGER, 1).cast(pl.Int64, strict=False)
    if contract.type == "number":
        number = value.cast(pl.Float64, strict=False)
        return pl.when(number.is_finite()).then(number).alias(contract.name)
    word = value.str.to_lowercase()
    return pl.when(word.is_in(_TRUE)).then(True).when(word.is_in(_FALSE)).then(False).alias(contract.name)
