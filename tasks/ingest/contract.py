"""The contract of a source: names become roles, text becomes typed values, and each row that breaks it says why."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from infra.errors import DataError
from tasks.ingest.config import ColumnContract, IngestOptions, SourceColumns

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

    @property
    def wanted(self) -> list[str]:
        """Names of the columns to read."""
        return list(dict.fromkeys(column.source for column in self.columns))

    @property
    def learns_classes(self) -> bool:
        """Whether labels are classes to learn. Numbers are none, and labels that may be missing only describe."""
        return any(
            c.contract.name == "label" and c.contract.type != "number" and not c.contract.nullable for c in self.columns
        )

    def check(self, rows: pa.Table) -> tuple[pa.Table, pa.Array]:
        """Typed columns by role, and for each row the reason why it breaks the contract, or null."""
        import polars as pl

        texts = pl.DataFrame(
            {c.contract.name: _column(rows, c.source) for c in self.columns},
            schema={c.contract.name: pl.String for c in self.columns},
        )
        texts = texts.with_columns(_without_missing(c.contract) for c in self.columns)
        typed = texts.select(_convert(c.contract) for c in self.columns)
        reasons: dict[int, str] = {}
        for row, reason in (*self._conversion_failures(texts, typed), *self._failures(typed)):
            reasons.setdefault(row, reason)
        return typed.to_arrow(), pa.array([reasons.get(row) for row in range(len(typed))], pa.string())

    def check_names(self, found: Collection[str]) -> None:
        """See that a source has the columns that it must have.

        Raises:
            DataError: it lacks one.
        """
        for column in self.columns:
            if column.source not in found and not column.optional:
                raise DataError(
                    f"column {column.source!r} (for {column.contract.name})",
                    found=f"only the columns {', '.join(found)}",
                    allowed="a source that has every column of the contract",
                    action=f"Set {column.option}, or change the source.",
                )

    def _conversion_failures(self, texts: pl.DataFrame, typed: pl.DataFrame) -> Iterator[tuple[int, str]]:
        for column in self.columns:
            name, kind = column.contract.name, column.contract.type
            failed = (texts[name].is_not_null() & typed[name].is_null()).arg_true()
            yield from ((row, f"{name}: not {'an' if kind == 'integer' else 'a'} {kind}") for row in failed)

    def _failures(self, typed: pl.DataFrame) -> Iterator[tuple[int, str]]:
        from pandera.errors import SchemaErrors

        try:
            self._schema.validate(typed, lazy=True)
        except SchemaErrors as error:
            cases = error.failure_cases.select("index", "column", "check")
            for row, name, check in cases.iter_rows():
                yield row, f"{name}: {'missing' if check == 'not_nullable' else check}"

    @cached_property
    def _schema(self) -> Any:
        import pandera.polars as pandera
        import polars as pl

        types = {"string": pl.String, "integer": pl.Int64, "number": pl.Float64, "boolean": pl.Boolean}
        return pandera.DataFrameSchema(
            {
                c.contract.name: pandera.Column(
                    types[c.contract.type], nullable=c.contract.nullable, checks=_checks(c.contract)
                )
                for c in self.columns
            }
        )


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


def _column(rows: pa.Table, name: str) -> pl.Series | list[None]:
    import polars as pl

    if name not in rows.column_names:
        return [None] * rows.num_rows
    return pl.Series(pl.from_arrow(rows.column(name)))


def _without_missing(contract: ColumnContract) -> pl.Expr:
    import polars as pl

    value = pl.col(contract.name)
    return pl.when(~value.is_in(contract.missing)).then(value).alias(contract.name)


def _convert(contract: ColumnContract) -> pl.Expr:
    """What does not convert becomes null."""
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


def _checks(contract: ColumnContract) -> list[Any]:
    import pandera.polars as pandera

    checks = []
    if contract.type in ("integer", "number"):
        checks.append(pandera.Check.ge(contract.minimum, error=f"below {contract.minimum:g}"))
        checks.append(pandera.Check.le(contract.maximum, error=f"above {contract.maximum:g}"))
    if contract.allowed:
        checks.append(pandera.Check.isin(contract.allowed, error="not an allowed value"))
    if contract.pattern:
        checks.append(pandera.Check.str_matches(f"^(?:{contract.pattern})$", error="not of the pattern"))
    return checks
