"""In which data set versions the rows of a subject are: for learning, for measuring, or refused.

A row's subject is what the recipe names with `ingest.columns.key`; the row then has the SHA-256 of that text as its
`key`, and keeps it through every step. A subject that only another column tells is looked for in that column first:
the keys of the rows that hold it are then followed, also into versions where a rule changed or dropped the column.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as pds

from tasks.data.canonical import TYPES
from tasks.data.hashes import encode
from tasks.data.parts import part_files
from tasks.data.split import KEY_DIGITS, content_keys, subject_keys
from tasks.data.version import Version

_KEY = re.compile(rf"[0-9a-f]{{{KEY_DIGITS}}}")
_ADDED = ("row_id", "key", "split")
_SOURCE = "source"  # which of several sources a row is of: no part of its key


@dataclass(frozen=True)
class Holding:
    """How many rows of a subject a version has.

    Attributes:
        train, test: rows to learn from and to measure on.
        refused: rows in quarantine, which no model gets to see.
    """

    digest: str
    folder: str
    train: int = 0
    test: int = 0
    refused: int = 0


@dataclass(frozen=True)
class Gap:
    """A version that could not be searched.

    Attributes:
        why: in words.
        onward: whether nothing can be told of the versions that came of it either.
    """

    digest: str
    folder: str
    why: str
    onward: bool = False


@dataclass(frozen=True)
class Search:
    """What was found of a subject, and where it was looked for.

    Attributes:
        keys: how many keys of rows were looked for.
        files: those that were read.
    """

    holdings: tuple[Holding, ...]
    keys: int
    files: tuple[str, ...]
    gaps: tuple[Gap, ...]


def search(versions: Sequence[Version], subject: str, column: str = "") -> Search:
    """Look for a subject in data set versions, reading two columns of them.

    Args:
        subject: what the key column of the source says, or a `key` itself; with `column`, a value of that column.
        column: the one to look in; empty: the key.
    """
    there = [version for version in versions if version.rows.is_dir() and part_files(version.rows)]
    gaps = [_gap(version, "its rows are gone", onward=bool(column)) for version in versions if version not in there]
    if column:
        keys, without = _keys_by_column(there, subject, column)
        gaps += without
    else:
        keys = _keys_of(subject)
        gaps += [_gap(one, "its rows name no subject; give a --column", onward=True) for one in there if _unkeyed(one)]
    kept: dict[tuple[int, int], Counter[str]] = {}
    files, holdings = [], []
    for version in there:
        parts = [*part_files(version.rows), *_parts(version.quarantine)]
        files += [str(part) for part in parts]
        counts = sum((_counts(part, keys, subject, kept) for part in parts), Counter[str]())
        if counts:
            holdings.append(Holding(version.manifest.digest, version.path.parent.name, **counts))
    return Search(tuple(holdings), len(keys), tuple(files), tuple(gaps))


def _keys_of(subject: str) -> set[str]:
    hashed: str = subject_keys(pa.chunked_array([[subject]]))[0].as_py()
    return {hashed, subject} if _KEY.fullmatch(subject) else {hashed}


def _keys_by_column(versions: Iterable[Version], subject: str, column: str) -> tuple[set[str], list[Gap]]:
    """The keys of all rows that hold the value in the column, and the first versions where none can hold it."""
    keys: set[str] = set()
    gaps: list[Gap] = []
    for version in versions:
        kind = version.manifest.columns.get(column)
        value = _typed(subject, kind) if kind else None
        if value is not None:
            rows = pds.dataset(part_files(version.rows), format="parquet", partitioning=None)
            keys |= set(rows.to_table(columns=["key"], filter=pc.field(column) == value)["key"].to_pylist())
        elif not version.manifest.parents:
            why = f"{column} is of type {kind}, which {subject!r} is not" if kind else f"it has no column {column}"
            gaps.append(_gap(version, why, onward=True))
    return keys, gaps


def _typed(subject: str, kind: str) -> pa.Scalar | None:
    try:
        return pa.scalar(subject).cast(TYPES[kind])
    except pa.ArrowInvalid:
        return None


def _counts(part: Path, keys: set[str], subject: str, kept: dict[tuple[int, int], Counter[str]]) -> Counter[str]:
    """Rows by what becomes of them. A file that several versions share as a hard link is read once."""
    place = part.stat()
    inode = (place.st_dev, place.st_ino)
    if inode not in kept:
        kept[inode] = _read(pds.dataset(part, format="parquet", partitioning=None), keys, subject)
    return kept[inode]


def _read(rows: pds.Dataset, keys: set[str], subject: str) -> Counter[str]:
    names = set(rows.schema.names)
    if "key" not in names:  # refused by the contract: as the source had it, in JSON
        content = json.dumps(subject, ensure_ascii=False)[1:-1]
        held = rows.count_rows(filter=pc.match_substring(pc.field("content"), content)) if "content" in names else 0
        return Counter(refused=held) if held else Counter()
    is_theirs = pc.field("key").isin(pa.array(sorted(keys), pa.string()))
    if "refused" in names:
        held = rows.count_rows(filter=is_theirs)
        return Counter(refused=held) if held else Counter()
    return Counter(rows.to_table(columns=["split"], filter=is_theirs)["split"].to_pylist())


def _unkeyed(version: Version) -> bool:
    """Whether the rows of a first version have the hash of their inputs as key: then nothing says whose they are."""
    if version.manifest.parents:
        return False
    row = pds.dataset(part_files(version.rows), format="parquet", partitioning=None).head(1)
    inputs = [name for name in row.column_names if name not in _ADDED]
    for names in (inputs, [name for name in inputs if name != _SOURCE]):
        cells = encode(row.select(names), names)
        if row.num_rows and content_keys(cells, 1)[0].as_py() == row["key"][0].as_py():
            return True
    return False


def _parts(folder: Path) -> list[Path]:
    return part_files(folder) if folder.is_dir() else []


def _gap(version: Version, why: str, onward: bool) -> Gap:
    return Gap(version.manifest.digest, version.path.parent.name, why, onward)
