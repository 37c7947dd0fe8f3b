"""A data set version as data: what a data sheet tells (Gebru et al., Datasheets for Datasets, CACM 64(12), 2021)."""

from __future__ import annotations

import json
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from tasks.data.catalogue import versions_with
from tasks.data.manifest import MANIFEST, Manifest, read_manifest
from tasks.data.parts import part_files
from tasks.data.references import Reference
from tasks.data.version import open_version
from tasks.register.card.columns import ColumnFacts, GroupCount, column_facts, group_counts, split_counts

MOST_GROUPS = 40
LABEL = "label"


class Groups(BaseModel):
    """Rows by the values of one column.

    Attributes:
        absent: whether the version has no such column.
        more: how many values are not shown.
    """

    model_config = ConfigDict(frozen=True)

    column: str
    groups: tuple[GroupCount, ...] = ()
    more: int = 0
    absent: bool = False


class DataSheet(BaseModel):
    """A data set version and what it was made from.

    Attributes:
        versions: from what was read to what a model learns from, each made from the one before it.
        missing: digest of a version that these were made from and that this home has no more; empty: none is missing.
        is_private: rows are under a budget of privacy, so exact figures of columns are left out.
        drift: in which ways what was read differs from the version before, one a line; None: there was none before.
    """

    model_config = ConfigDict(frozen=True)

    versions: tuple[Manifest, ...]
    missing: str = ""
    is_private: bool = False
    columns: tuple[ColumnFacts, ...] = ()
    splits: dict[str, int] = {}
    labels: Groups | None = None
    protected: tuple[Groups, ...] = ()
    drift: tuple[str, ...] | None = None

    @property
    def last(self) -> Manifest:
        """Of the version that a model learns from."""
        return self.versions[-1]

    @property
    def sources(self) -> dict[str, str]:
        """Digests of all files that it comes from, by their names."""
        return {name: digest for version in self.versions for name, digest in version.sources.items()}


def data_sheet(dataset: Reference, protected: tuple[str, ...] = (), is_private: bool = False) -> DataSheet:
    """Read what a version's folder tells, and those of the versions that it was made from.

    Raises:
        NotFoundError: the version is not there.
    """
    version = open_version(dataset)
    chain, missing = lineage_of(version.path)
    facts = DataSheet(
        versions=tuple(read_manifest(folder) for folder in chain),
        missing=missing,
        is_private=is_private,
        drift=_drift(chain[0]),
    )
    if is_private:
        return facts
    rows, types = part_files(version.rows), version.manifest.columns
    return facts.model_copy(
        update={
            "columns": column_facts(rows, types),
            "splits": split_counts(rows),
            "labels": _groups(rows, types, LABEL) if LABEL in types else None,
            "protected": tuple(_groups(rows, types, name) for name in protected),
        }
    )


def lineage_of(version: Path) -> tuple[list[Path], str]:
    """Folders from what was read to `version`, and the digest of a parent that is gone.

    A version that was read holds all files of the one that it grew from, so that it ends the walk. Equal rows that
    came by several ways have a folder each: the one made last is told of.
    """
    chain = [version]
    while not (manifest := read_manifest(chain[0])).sources or _is_labelled(manifest):
        if not manifest.parents:
            return chain, ""
        found = _folders(version.parent.parent, manifest.parents[0])
        if not found or found[-1] in chain:
            return chain, manifest.parents[0]
        chain.insert(0, found[-1])
    return chain, ""


def _is_labelled(manifest: Manifest) -> bool:
    """Whether its only source are people's answers, beside the version that they were given to."""
    return bool(manifest.parents) and set(manifest.sources) == {"answers"}


def _folders(datasets: Path, digest: str) -> list[Path]:
    """Versions with a digest, the one made last at the end."""
    found = [version.path for version in versions_with(digest, datasets)]
    return sorted(found, key=lambda folder: (folder / MANIFEST).stat().st_mtime)


def _groups(rows: list[Path], types: dict[str, str], column: str) -> Groups:
    if column not in types:
        return Groups(column=column, absent=True)
    found = group_counts(rows, column)
    return Groups(column=column, groups=found[:MOST_GROUPS], more=max(0, len(found) - MOST_GROUPS))


def _drift(version: Path) -> tuple[str, ...] | None:
    """What `drift.json` beside the manifest says changed by more than the recipe lets it."""
    file = version / "drift.json"
    if not file.is_file():
        return None
    columns = json.loads(file.read_text(encoding="utf-8"))["columns"]
    return tuple(f"{column['column']}: {change['text']}" for column in columns for change in column["changes"])
