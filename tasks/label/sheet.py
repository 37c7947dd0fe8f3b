"""The csv that a person fills in, and what comes back from whatever program they used."""

from __future__ import annotations

import csv
import io
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from infra.errors import DataError, SourceError

ROW_ID, ANNOTATOR, LABEL = "row_id", "annotator", "label"
_NEEDED = (ROW_ID, LABEL)
_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet would compute such a cell
_SOMEBODY = "annotator-1"


@dataclass(frozen=True)
class Line:
    """A label that somebody filled in, and the line of the file that it stands on."""

    number: int
    row_id: str
    annotator: str
    label: str


def write_sheet(file: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a csv that spreadsheets open as UTF-8 and compute nothing of. It is there whole or not at all."""
    with _whole(file) as draft, draft.open("w", encoding="utf-8-sig", newline="") as content:
        writer = csv.writer(content)
        writer.writerow(header)
        writer.writerows([_inert(value) for value in row] for row in rows)


def copy_sheet(file: Path, to: Path) -> None:
    """Copy a sheet. It is there whole or not at all."""
    with _whole(to) as draft:
        shutil.copyfile(file, draft)


def read_sheet(file: Path) -> list[Line]:
    """The lines with a label. Other columns than `row_id`, `annotator` and `label` are not looked at.

    Raises:
        SourceError: the file can't be read, or is no csv in UTF-8.
        DataError: a column is missing, or a line has more cells than the header.
    """
    text = _text(file)
    delimiter = _delimiter(text)
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        names = [name.strip() for name in reader.fieldnames or []]
        reader.fieldnames = names
        _check_names(file, names)
        return [line for row in reader if (line := _line(file, reader.line_num, row))]
    except csv.Error as error:
        raise _unreadable(file, str(error)) from error


@contextmanager
def _whole(file: Path) -> Iterator[Path]:
    """A draft beside `file` that takes its place when the block has written it, and is on the disk by then."""
    file.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=f".{file.name}-", dir=file.parent)
    draft = Path(name)
    try:
        with os.fdopen(descriptor, "rb") as kept:
            yield draft
            os.fsync(kept.fileno())
        draft.chmod(0o644)
        draft.replace(file)
    finally:
        draft.unlink(missing_ok=True)


def _line(file: Path, number: int, row: dict[str | None, str | None]) -> Line | None:
    if None in row:
        raise DataError(
            f"{file} line {number}",
            found="more cells than the header has",
            allowed="a text with the delimiter in quotes",
            action="Save the sheet as CSV from the program that opened it.",
        )
    label = _plain(row[LABEL] or "").strip()  # in this order: the mark may stand before a tab
    if not label:
        return None
    return Line(number, (row[ROW_ID] or "").strip(), (row.get(ANNOTATOR) or "").strip() or _SOMEBODY, label)


def _inert(value: object) -> str:
    text = "" if value is None else str(value)
    return f"'{text}" if isinstance(value, str) and text.startswith(_FORMULA) else text


def _plain(text: str) -> str:
    return text[1:] if text.startswith("'") and text[1:].startswith(_FORMULA) else text


def _text(file: Path) -> str:
    try:
        return file.read_bytes().decode("utf-8-sig").replace("\0", "")
    except OSError as error:
        raise SourceError(
            str(file),
            found=(error.strerror or "an error").lower(),
            allowed="a csv file that can be read",
            action="Give the file that `lepton label next` wrote, with labels filled in.",
        ) from error
    except UnicodeDecodeError:
        raise _unreadable(file, "bytes that are not UTF-8") from None


def _unreadable(file: Path, found: str) -> SourceError:
    return SourceError(
        str(file), found=found, allowed="csv in UTF-8", action="Save the sheet as `CSV UTF-8`, not as a workbook."
    )


def _delimiter(text: str) -> str:
    """What stands between the names of the header: spreadsheets of many countries write semicolons."""
    header = text.splitlines()[0] if text.strip() else ""
    return max(",;\t", key=header.count)


def _check_names(file: Path, names: Sequence[str]) -> None:
    missing = [name for name in _NEEDED if name not in names]
    twice = sorted({name for name in names if names.count(name) > 1 and name in (*_NEEDED, ANNOTATOR)})
    if missing or twice:
        raise DataError(
            str(file),
            found=f"the columns {', '.join(names) or 'none'}",
            allowed=f"{ROW_ID} and {LABEL} once each, {ANNOTATOR} where several people answer",
            action="Keep the header as `lepton label next` wrote it.",
        )
