"""Rows of a database as a file: streamed through a server-side cursor into Parquet, so that they are as other files.

The file lies below the home under its SHA-256. All values become text; the contract converts them, as everywhere.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import re
import tempfile
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from infra.disk import disk_errors
from infra.errors import DataError
from infra.progress import Progress, report
from infra.settings.home import HomeSettings
from tasks.ingest.sources.database import connected, database_name, database_url
from tasks.ingest.sources.sql_options import SqlOptions

if TYPE_CHECKING:
    from sqlalchemy import Executable, Select
    from sqlalchemy.engine import Connection, CursorResult

ROWS_AT_ONCE = 20_000
_ABOVE = "lepton_above"
_DRAFT = ".draft-"


@dataclass(frozen=True)
class Snapshot:
    """What a database held when it was asked.

    Attributes:
        name: the place without user and password, and the table, or the query's hash.
        digest: SHA-256 of the file.
    """

    file: Path
    name: str
    digest: str


def take_snapshot(options: SqlOptions, watermark: str = "", above: str = "") -> Snapshot | None:
    """Write what the table or query has, in one consistent read, or nothing if no row lies above the mark.

    Args:
        options: the database, and the table or the query.
        watermark: column that only grows.
        above: value of it that was reached before; empty: take all rows.

    Raises:
        RecipeError: the URL, or the environment variable that should hold it, is no good.
        SourceError: the database can't be reached, or refuses the query.
        MachineError: the driver's package or room is missing.
    """
    url = database_url(options)
    name = database_name(options, url)
    place = f"{url.render_as_string(hide_password=True)} {name}"
    folder = HomeSettings().root / "snapshots" / hashlib.sha256(place.encode()).hexdigest()[:16]

    def take(connection: Connection) -> str:
        descriptor, draft = tempfile.mkstemp(prefix=_DRAFT, dir=folder)
        os.close(descriptor)
        try:
            rows = _write(connection, options, name, Path(draft), watermark, above)
            return _settle(Path(draft), folder) if rows or not above else ""
        finally:
            Path(draft).unlink(missing_ok=True)

    with disk_errors(f"source {name}"):
        folder.mkdir(parents=True, exist_ok=True)
        for left in folder.glob(f"{_DRAFT}*"):  # by a run that was killed: one at a time holds the home
            left.unlink(missing_ok=True)
        digest = connected(url, name, take)
    shown = f"{name} above {watermark} {above}" if above else name
    return Snapshot(folder / f"{digest}.parquet", shown, digest) if digest else None


def _settle(draft: Path, folder: Path) -> str:
    """Name the draft by its content; what was read before is of no use any more."""
    with draft.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
    draft.replace(folder / f"{digest}.parquet")
    for file in folder.glob("*.parquet"):
        if file.stem != digest:
            file.unlink(missing_ok=True)
    return digest


def _write(connection: Connection, options: SqlOptions, name: str, file: Path, watermark: str, above: str) -> int:
    statement = _above(connection, options, watermark, above) if above else _everything(options)
    streaming = connection.execution_options(stream_results=True, yield_per=ROWS_AT_ONCE)
    with streaming.execute(statement) as result:
        columns = _columns(result, name)
        schema = pa.schema([(column, pa.string()) for column in columns])
        rows = 0
        with pq.ParquetWriter(file, schema) as writer:
            for chunk in result.partitions(ROWS_AT_ONCE):
                values = zip(*chunk, strict=True)
                arrays = [pa.array([_text(value) for value in column], pa.string()) for column in values]
                writer.write_table(pa.table(arrays, schema=schema))
                rows += len(chunk)
                report(Progress("ingest", 0.0, 1.0, f"{name}: {rows:,} rows"))
    return rows


def _everything(options: SqlOptions) -> Executable:
    """The query as it stands, or all of the table."""
    from sqlalchemy import text

    return text(_literal(options.query)) if options.query else _select(options)


def _select(options: SqlOptions) -> Select[Any]:
    from sqlalchemy import literal_column, select, table, text

    everything: Any = literal_column("*")
    if options.table:
        schema, _, plain = options.table.rpartition(".")
        return select(everything).select_from(table(plain, schema=schema or None))
    return select(everything).select_from(text(f"(\n{_literal(options.query)}\n) lepton_query"))


def _literal(query: str) -> str:
    """A query in which no colon begins a parameter."""
    return re.sub(r":", r"\\:", query.strip().rstrip(";"))


def _above(connection: Connection, options: SqlOptions, watermark: str, above: str) -> Select[Any]:
    """Rows above the mark, and those without one; what else comes is told from these when it is read."""
    from sqlalchemy import bindparam, column, or_

    marks: Any = column(watermark)
    rows = _select(options)
    sample = connection.execute(rows.with_only_columns(marks).where(marks.is_not(None)).limit(1)).scalar()
    try:
        least = _least_text(above) if isinstance(sample, str) else _like(sample, above)
    except (ValueError, InvalidOperation):
        raise DataError(
            f"column {watermark!r}",
            found=f"{above} before and {sample} now",
            allowed="numbers, or ISO dates, but not both",
            action="Ingest all anew with --set ingest.incremental=off.",
        ) from None
    if least is None:
        return rows
    mark: Any = bindparam(_ABOVE, least)
    return rows.where(or_(marks > mark, marks.is_(None)))


def _least_text(above: str) -> str | None:
    """A text below all that may be above the mark, or nothing: a database orders texts by their characters.

    So "10" lies below "9", and no text will do. ISO dates of one day stand in no order of their hours, as these are
    written in several ways and zones, but two days earlier lies below all of them.
    """
    try:
        return (datetime.fromisoformat(above).date() - timedelta(days=2)).isoformat() if "-" in above[1:] else None
    except (ValueError, OverflowError):
        return None


def _like(sample: Any, text: str) -> Any:
    """The mark as the database's own type, so that it is compared as the column is."""
    if isinstance(sample, datetime):
        return datetime.fromisoformat(text)
    if isinstance(sample, date):
        return date.fromisoformat(text)
    if isinstance(sample, int):
        return math.floor(Decimal(text))  # SQLite may have fractions among whole numbers
    if isinstance(sample, float | Decimal):
        return type(sample)(text)
    return text


def _columns(result: CursorResult[Any], name: str) -> list[str]:
    columns = list(result.keys())
    twice = sorted({column for column in columns if columns.count(column) > 1})
    if twice:
        raise DataError(
            f"source {name}",
            found=f"the columns {', '.join(map(repr, twice))} twice",
            allowed="columns of distinct names",
            action="Name them with AS in ingest.sql.query.",
        )
    return columns


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value if value is None else value.encode("utf-8", "replace").decode()
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, Decimal):
        return format(value, "f") if value.is_finite() else str(value)
    if isinstance(value, date | time):  # a datetime is a date
        return value.isoformat()
    if isinstance(value, bytes | memoryview):
        return bytes(value).hex()
    if isinstance(value, list | dict | tuple):
        return json.dumps(value, default=_text, ensure_ascii=False)
    return str(value)
