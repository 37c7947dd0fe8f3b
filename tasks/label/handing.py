"""Sheets for people: one for each of those who are asked about a batch, so that nobody sees another's answers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from infra.errors import RecipeError
from tasks.data.version import Version
from tasks.label.choose import shown_columns
from tasks.label.config import LabelOptions
from tasks.label.rows import ITEM, batches
from tasks.label.sheet import ANNOTATOR, LABEL, ROW_ID, write_sheet
from tasks.label.store import Batch, Question


def sheet_files(out: Path, annotators: int) -> list[Path]:
    """The sheets' files: `out`, or where several people are asked `out` with a number each."""
    if annotators == 1:
        return [out]
    return [out.with_name(f"{out.stem}-{person}{out.suffix}") for person in range(1, annotators + 1)]


def check_free(files: Sequence[Path]) -> None:
    """See that no file is there: somebody may have filled it in.

    Raises:
        RecipeError: one is.
    """
    taken = [str(file) for file in files if file.exists()]
    if taken:
        raise RecipeError(
            "--out",
            found=f"{taken[0]}, which is there already",
            allowed="a new file",
            action="Merge that one, then move it away, or give another name.",
        )


@contextmanager
def written_to(out: str) -> Iterator[None]:
    """Say of the file that a person named that it can't be written; empty: none was named.

    Raises:
        RecipeError: it can't.
    """
    try:
        yield
    except OSError as error:
        if not out or not isinstance(error.filename, str):  # a full disk names no file
            raise
        goal, met = Path(out).resolve(), Path(error.filename).resolve()
        if met.parent != goal.parent and not goal.is_relative_to(met):  # neither its draft nor a folder above it
            raise
        raise RecipeError(
            "--out",
            found=f"{out}: {(error.strerror or 'an error').lower()}",
            allowed="a file in a folder that this user may write to",
            action="Give another name.",
        ) from error


def write_sheets(batch: Batch, version: Version, options: LabelOptions, files: Sequence[Path]) -> None:
    """Write the sheets of a batch, a file for each person. One that is there stays as it is."""
    columns = shown_columns(version, options)
    shown = _shown(batch.questions, version, columns)
    for person, file in enumerate(files, start=1):
        if file.exists():  # of a killed run, and perhaps filled in since
            continue
        rows = ([one.row_id, f"annotator-{person}", *shown[one.item], one.suggested, ""] for one in batch.questions)
        write_sheet(file, [ROW_ID, ANNOTATOR, *columns, "suggested", LABEL], rows)


def _shown(questions: Sequence[Question], version: Version, columns: list[str]) -> dict[str, list[object]]:
    """What a person sees of each item. A row that is in no version any more shows nothing."""
    found: dict[str, list[object]] = {one.item: [None] * len(columns) for one in questions}
    wanted = pa.array(list(found), pa.string())
    for batch in batches(version, columns):
        rows = batch.filter(pc.is_in(batch[ITEM], wanted)).to_pylist()
        found |= {row[ITEM]: [row[name] for name in columns] for row in rows}
    return found
