"""Answers out of a sheet into the store: the whole sheet, or nothing of it."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from infra.errors import DataError
from tasks.data.version import Version
from tasks.label.rows import ITEM, batches
from tasks.label.sheet import Line, read_sheet
from tasks.label.store import Answer, LabelStore, Merged


def merge(file: Path, store: LabelStore, version: Version, labels: Collection[str]) -> Merged:
    """Take the labels that are filled in. Lines without one wait for another time.

    Raises:
        SourceError: the file can't be read.
        DataError: a row or a label that there is not, two answers of one person about one row, or no label at all.
    """
    lines = read_sheet(file)
    items = _items(lines, store, version)
    problems = [*_strange(lines, items, labels), *_contradictions(lines, items)]
    if problems or not lines:
        more = f"; and {len(problems) - 1} more like it" if len(problems) > 1 else ""
        raise DataError(
            str(file),
            found=(problems[0] + more) if problems else "no label filled in",
            allowed=f"rows of this recipe, each once a person, with a label of {', '.join(sorted(labels))}",
            action="Correct the file and merge it again; nothing of it was taken.",
        )
    answers = {
        (items[one.row_id], one.annotator): Answer(items[one.row_id], one.row_id, one.annotator, one.label)
        for one in lines
    }
    return store.merge(list(answers.values()), hashlib.sha256(file.read_bytes()).hexdigest())


def _items(lines: Sequence[Line], store: LabelStore, version: Version) -> dict[str, str]:
    """The items of the rows: those asked about before, and any other row of the version."""
    wanted = {one.row_id for one in lines}
    items = store.items_of(list(wanted))
    missing = pa.array(sorted(wanted - items.keys()), pa.string())
    if len(missing):
        for batch in batches(version, ["row_id"]):
            found = batch.filter(pc.is_in(batch["row_id"], missing))
            items |= dict(zip(found["row_id"].to_pylist(), found[ITEM].to_pylist(), strict=True))
    return items


def _strange(lines: Sequence[Line], items: dict[str, str], labels: Collection[str]) -> Iterator[str]:
    for one in lines:
        if one.row_id not in items:
            yield f"on line {one.number} the unknown row {one.row_id!r}"
        elif one.label not in labels:
            yield f"on line {one.number} the label {one.label!r}"


def _contradictions(lines: Sequence[Line], items: dict[str, str]) -> Iterator[str]:
    first: dict[tuple[str, str], Line] = {}
    for one in lines:
        other = first.setdefault((items.get(one.row_id, one.row_id), one.annotator), one)
        if other.label != one.label:
            yield f"on lines {other.number} and {one.number} two labels by {one.annotator} for one row"
