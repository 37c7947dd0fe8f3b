"""What to read, how its columns are called, and what must hold for every row."""

from __future__ import annotations

import sys
from typing import Literal, Self

from pydantic import Field, model_validator

from tasks.data.reserved import RESERVED
from tasks.ingest.contract.checks import ColumnType, RowChecks, refuse_unknown
from tasks.ingest.drift.drift import DriftOptions
from tasks.ingest.fusion.options import FusionOptions, Rename
from tasks.ingest.names import refuse_name
from tasks.ingest.sources.sql_options import SqlOptions
from tasks.ingest.sources.urls import without_userinfo
from tasks.options import Options

SampleName = Literal["", "atis", "faq", "reuters", "movielens", "adult"]
Format = Literal["auto", "csv", "jsonl", "parquet"]
SOURCE = "source"
"""Column of fused data sets that says which source a row came from."""

UNBOUNDED_LENGTH = 2**31 - 1


class SourceColumns(Options):
    """The source's own names for the columns that have a role. Empty: the source has no such column."""

    text: str = Field(default="", description="Text to classify, or the question of a question and answer pair.")
    label: str = Field(default="", description="What to predict.")
    answer: str = Field(default="", description="The answer of a question and answer pair.")
    tags: str = Field(default="", description="Slot tags of the text's words, in the BIO scheme, separated by spaces.")
    user: str = Field(default="", description="Who rated.")
    item: str = Field(default="", description="What was rated.")
    rating: str = Field(default="", description="The rating.")
    split: str = Field(default="", description="Column that says `train` or `test`; empty: split by a hash of the key.")
    key: str = Field(default="", description="Column that identifies a row's subject; empty: the row's inputs.")


class ColumnContract(Options):
    """What must hold for one column."""

    name: str = Field(description="The column's role, or its name in the source where it has none.")
    type: ColumnType = Field(default="string", description="Type that every value must have or convert to.")
    nullable: bool = Field(default=False, description="Whether a value may be missing.")
    missing: list[str] = Field(default=[""], description="Texts that mean a missing value.")
    minimum: float = Field(default=-sys.float_info.max, description="Smallest number allowed.")
    maximum: float = Field(default=sys.float_info.max, description="Largest number allowed.")
    allowed: list[str] = Field(default=[], description="The only values allowed; empty: any.")
    pattern: str = Field(default="", description="Regular expression that the whole value must match; empty: any.")
    minimum_length: int = Field(default=0, ge=0, description="Fewest characters allowed in a string.")
    maximum_length: int = Field(default=UNBOUNDED_LENGTH, ge=0, description="Most characters allowed in a string.")
    unique: bool = Field(default=False, description="Whether no two rows may have the same value; missing ones may.")

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.name in RESERVED:
            raise ValueError(f"name: found {self.name!r}, a column that Lepton adds itself; rename it in the source")
        refuse_name("name", self.name)
        if self.minimum > self.maximum:
            raise ValueError(f"minimum: found {self.minimum}, above maximum {self.maximum}")
        if self.allowed and self.type != "string":
            raise ValueError(f"allowed: found a list for type {self.type!r}; only strings can have one")
        if self.minimum_length > self.maximum_length:
            raise ValueError(f"minimum_length: found {self.minimum_length}, above maximum_length {self.maximum_length}")
        if (self.minimum_length, self.maximum_length) != (0, UNBOUNDED_LENGTH) and self.type != "string":
            raise ValueError(f"minimum_length: found a length for type {self.type!r}; only strings have one")
        return self


class SourceOptions(Options):
    """One of several sources."""

    name: str = Field(pattern=r"^[A-Za-z0-9_-]+$", description="What the column `source` calls it.")
    sample: SampleName = Field(default="", description="Sample data out of a package, used where no path is given.")
    path: str = Field(default="", description="File, directory, glob, or fsspec URL.")
    sql: SqlOptions = Field(default=SqlOptions(), description="Database to read instead of files.")
    format: Format = Field(default="auto", description="Format of the files; auto: by their names.")
    delimiter: str = Field(default=",", min_length=1, max_length=1, description="What separates values in csv files.")
    columns: SourceColumns = Field(default=SourceColumns(), description="The source's names for columns with a role.")
    rename: list[Rename] = Field(default=[], description="The source's names for other columns.")
    priority: int = Field(default=0, description="Where sources conflict the highest stands; if equal, the one before.")

    @model_validator(mode="after")
    def _check(self) -> Self:
        _check_place(self.sample, self.path, self.sql, self.columns)
        targets = [item.to for item in self.rename] + [role for role, column in self.columns if column]
        twice = sorted({name for name in targets if targets.count(name) > 1})
        if twice:
            raise ValueError(f"rename: found two columns for {', '.join(twice)}; name one")
        return self


class IngestOptions(Options):
    """From files to a typed data set version."""

    sample: SampleName = Field(default="", description="Sample data out of a package, used where no path is given.")
    path: str = Field(default="", description="File, directory, glob, or fsspec URL: csv, jsonl or Parquet.")
    sql: SqlOptions = Field(default=SqlOptions(), description="Database to read instead of files.")
    format: Format = Field(default="auto", description="Format of the files; auto: by their names.")
    delimiter: str = Field(default=",", min_length=1, max_length=1, description="What separates values in csv files.")
    columns: SourceColumns = Field(default=SourceColumns(), description="The source's names for columns with a role.")
    sources: list[SourceOptions] = Field(default=[], description="Several sources, in place of path, sample or sql.")
    fusion: FusionOptions = Field(default=FusionOptions(), description="How several sources become one.")
    incremental: Literal["off", "files", "rows"] = Field(
        default="off",
        description="What a run reads: off: all; files: those that are new; rows: those above the watermark.",
    )
    watermark: str = Field(
        default="", description="The source's column of numbers or ISO dates that only grows, for new rows."
    )
    contract: list[ColumnContract] = Field(min_length=1, description="What must hold; other columns are left out.")
    unique_together: list[list[str]] = Field(
        default=[], description="Lists of columns: no two rows may have the same values in all columns of a list."
    )
    checks: RowChecks = Field(default=RowChecks(), description="What must hold between the columns of a row.")
    drift: DriftOptions = Field(
        default=DriftOptions(), description="What may change between the previous version and this one."
    )
    max_bad_share: float = Field(
        default=0.02, ge=0, le=1, description="Share of rows that may break the contract before the run stops."
    )
    test_share: float = Field(default=0.2, gt=0, lt=1, description="Share of rows for testing, where hashes split.")

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.sources:
            self._check_sources()
        else:
            _check_place(self.sample, self.path, self.sql, self.columns)
            if self.fusion != FusionOptions():
                raise ValueError("fusion: found options but no ingest.sources; name the sources there")
        self._check_increment()
        names = [column.name for column in self.contract]
        if len(set(names)) < len(names):
            raise ValueError(f"contract: found a column twice in {names}")
        types = {column.name: column.type for column in self.contract}
        for together in self.unique_together:
            if not together:
                raise ValueError("unique_together: found an empty list; name its columns, or leave it out")
            refuse_unknown("unique_together", tuple(together), types)
        self.checks.refuse_columns(types)
        return self

    def title(self) -> str:
        """What to call the source in what a person reads."""
        database = self.sql.table or ("query" if self.sql.query else "")
        return without_userinfo(self.path) or ", ".join(s.name for s in self.sources) or database or self.sample

    def places(self) -> list[SourceOptions]:
        """The sources, also where there is only one and it has no name."""
        own = {name: getattr(self, name) for name in SourceOptions.model_fields if name in IngestOptions.model_fields}
        return self.sources or [SourceOptions.model_construct(name="", rename=[], priority=0, **own)]

    def without_places(self) -> Self:
        """The same options, but not where the data lies: data that moves stays the same data."""
        nowhere = {"url": "", "url_variable": ""}
        sources = [s.model_copy(update={"path": "", "sql": s.sql.model_copy(update=nowhere)}) for s in self.sources]
        return self.model_copy(
            update={"path": "", "sql": self.sql.model_copy(update=nowhere), "sources": sources},
        )

    def _check_sources(self) -> None:
        single = {
            "sample": self.sample,
            "path": self.path,
            "sql": self.sql.is_given,
            "columns": self.columns != SourceColumns(),
        }
        given = [name for name, found in single.items() if found]
        if given:
            raise ValueError(f"sources: found {', '.join(given)} beside it; move these into the sources")
        names = [source.name for source in self.sources]
        if len(set(names)) < len(names):
            raise ValueError(f"sources: found a name twice in {names}; give each its own")
        if any(column.name == SOURCE for column in self.contract):
            raise ValueError(f"contract: found {SOURCE!r}, which fusion adds itself; rename that column in its source")

    def _check_increment(self) -> None:
        if self.incremental != "off" and self.sources:
            raise ValueError(f"incremental: found {self.incremental} with several sources; only one can grow")
        if self.incremental == "files" and self.sql.is_given:
            raise ValueError("incremental: found files with a database; rows takes what is new there")
        if self.incremental == "rows" and not self.watermark:
            raise ValueError("watermark: found nothing; name the column that only grows")
        if self.watermark and (self.incremental == "files" or self.sources):
            raise ValueError("watermark: found a column that nothing uses; set incremental to rows, or leave it out")


def _check_place(sample: str, path: str, sql: SqlOptions, columns: SourceColumns) -> None:
    if not sample and not path and not sql.is_given:
        raise ValueError("path: found nothing; give a file, a glob or a URL, a database, or name a sample")
    if path and sql.is_given:
        raise ValueError("path: found a path and a database; give one of them")
    if not path and not sql.is_given and columns != SourceColumns():
        given = ", ".join(name for name, column in columns if column)
        raise ValueError(f"columns: found {given}; give ingest.path, samples bring their own")
