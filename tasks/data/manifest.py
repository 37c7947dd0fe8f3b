"""What a data set version holds and how it came to be."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from tasks.data.canonical import Columns

MANIFEST = "manifest.json"


class Manifest(BaseModel):
    """Written beside the rows. It holds no time and no machine: equal work makes an equal manifest.

    Attributes:
        digest: of the rows, independent of engine, order and partitioning.
        columns: name and type of every column, in order.
        quarantined: rows refused, by reason.
        sources: SHA-256 of every source file, by its URL or its path below the folder that all share.
        watermark: the highest value of the column that tells new rows from old ones; empty: none.
        rows_by_source: rows that were read, by source, where there are several.
        merged: rows that were read and became part of another row.
        conflicts: keys for which sources had different values, by column.
        left_out: columns of the source that the contract does not name.
        recipe_hash: of the options that this step ran with, but where its source lay.
        code_hash: of the code that this step ran.
        parents: digests of the versions it was made from.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    digest: str
    columns: Columns
    rows_in: int
    rows_out: int
    quarantined: dict[str, int]
    sources: dict[str, str] = {}
    watermark: str = ""
    rows_by_source: dict[str, int] = {}
    merged: int = 0
    conflicts: dict[str, int] = {}
    left_out: tuple[str, ...] = ()
    recipe_hash: str
    code_hash: str
    parents: tuple[str, ...] = ()
    engine: str

    def to_text(self) -> str:
        """The text of the file."""
        return self.model_dump_json(indent=2) + "\n"


def read_manifest(version: Path) -> Manifest:
    """The manifest of the version at `version`."""
    return Manifest.model_validate_json((version / MANIFEST).read_text(encoding="utf-8"))


def options_hash(options: BaseModel) -> str:
    """SHA-256 of options, independent of the order in which they were given."""
    text = json.dumps(options.model_dump(mode="json"), sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
