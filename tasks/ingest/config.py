"""What to read, how its columns are called, and what must hold for every row."""

from __future__ import annotations

import sys
from typing import Literal, Self

from pydantic import Field, model_validator

from tasks.data.reserved import RESERVED
from tasks.options import Options

ColumnType = Literal["string", "integer", "number", "boolean"]


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

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.name in RESERVED:
            raise ValueError(f"name: found {self.name!r}, a column that Lepton adds itself; rename it in the source")
        if self.minimum > self.maximum:
            raise ValueError(f"minimum: found {self.minimum}, above maximum {self.maximum}")
        if self.allowed and self.type != "string":
            raise ValueError(f"allowed: found a list for type {self.type!r}; only strings can have one")
        return self


class IngestOptions(Options):
    """From files to a typed data set version."""

    sample: Literal["", "atis", "faq", "reuters", "movielens", "adult"] = Field(
        default="", description="Sample data out of a package, used where no path is given."
    )
    path: str = Field(default="", description="File, glob, or fsspec URL: csv, csv.gz, jsonl or Parquet.")
    format: Literal["auto", "csv", "jsonl", "parquet"] = Field(
        default="auto", description="Format of the files; auto: by their names."
    )
    delimiter: str = Field(default=",", min_length=1, max_length=1, description="What separates values in csv files.")
    columns: SourceColumns = Field(default=SourceColumns(), description="The source's names for columns with a role.")
    contract: list[ColumnContract] = Field(min_length=1, description="What must hold; other columns are left out.")
    max_bad_share: float = Field(
        default=0.02, ge=0, le=1, description="Share of rows that may break the contract before the run stops."
    )
    test_share: float = Field(default=0.2, gt=0, lt=1, description="Share of rows for testing, where hashes split.")

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not self.sample and not self.path:
            raise ValueError("path: found nothing; give a file, a glob or a URL, or name a sample")
        if not self.path and self.columns != SourceColumns():
            given = ", ".join(name for name, column in self.columns if column)
            raise ValueError(f"columns: found {given}; give ingest.path, samples bring their own")
        names = [column.name for column in self.contract]
        if len(set(names)) < len(names):
            raise ValueError(f"contract: found a column twice in {names}")
        return self
