"""Files to batches of text columns, row by row: what can't be read is set aside with its place, and never stops a run.

All values become text, also those of jsonl and Parquet: the contract converts them, in one way for every format.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import IO, Any, TypeVar, cast

import pyarrow as pa
import pyarrow.parquet as pq

from infra.errors import SourceError
from tasks.data.references import SourceRef
from tasks.ingest.sources import extension, open_source, without_userinfo

BATCH_ROWS = 20_000
_MAX_VALUE_MIB = 16
Values = Sequence[str | None]
Row = TypeVar("Row")


@dataclass(frozen=True)
class Refused:
    """A row that was set aside: why, where it stood, and what it said."""

    reason: str
    origin: str
    content: str


@dataclass(frozen=True)
class Batch:
    """Rows as text columns, each row with its line (or number, where there are no lines) in `file`.

    Attributes:
        found: columns of these rows, also those that were not wanted.
        has_header: whether the file says what columns all of its rows have; else `found` speaks for this batch alone.
    """

    rows: pa.Table
    lines: tuple[int, ...]
    file: str
    found: tuple[str, ...]
    refused: tuple[Refused, ...] = ()
    has_header: bool = True

    def origin(self, place: int) -> str:
        """Where row `place` of the batch stood."""
        return f"{self.file}:{self.lines[place]}"


@dataclass(frozen=True)
class _Line:
    """A row as read: its values in the order of the columns, or the reason why it has none."""

    number: int
    values: Values
    reason: str = ""


def read_batches(source: SourceRef, delimiter: str, wanted: Sequence[str]) -> Iterator[Batch]:
    """All rows of a source, of the wanted columns those that it has (jsonl: all, empty where a row has none).

    Raises:
        SourceError: a file is not what its name says, or ends too early.
    """
    for file in source.files:
        with open_source(file) as raw, _decoding(file, source.format):
            content = cast("IO[bytes]", gzip.GzipFile(fileobj=raw)) if extension(file).endswith(".gz") else raw
            name = without_userinfo(file)
            if source.format == "csv":
                yield from _read_csv(name, content, delimiter, wanted)
            elif source.format == "jsonl":
                yield from _read_jsonl(name, content, wanted)
            else:
                yield from _read_parquet(name, content, wanted)


def _read_csv(file: str, content: IO[bytes], delimiter: str, wanted: Sequence[str]) -> Iterator[Batch]:
    text = io.TextIOWrapper(content, encoding="utf-8-sig", errors="surrogateescape", newline="")
    csv.field_size_limit(_MAX_VALUE_MIB << 20)
    reader = csv.reader(text, delimiter=delimiter, strict=True)
    header = _csv_header(file, reader)
    places = [header.index(name) for name in wanted if name in header]
    names = [header[place] for place in places]
    for chunk in _chunks(_csv_lines(file, reader, len(header))):
        picked = [_Line(x.number, x.values if x.reason else [x.values[p] for p in places], x.reason) for x in chunk]
        yield _batch(file, picked, names, tuple(header))


def _csv_header(file: str, reader: Iterator[list[str]]) -> list[str]:
    try:
        header = [name.strip() for name in next(reader, [])]
    except csv.Error as error:
        raise _error(
            file, f"a broken header: {error}", "names separated by the delimiter", "Mend the header."
        ) from error
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice or not _is_text(header):
        found = f"the columns {', '.join(map(repr, twice))} twice" if twice else "a header that is not UTF-8"
        raise _error(file, found, "a header of distinct names in UTF-8", "Mend the header.")
    return header


def _csv_lines(file: str, reader: Any, width: int) -> Iterator[_Line]:
    while True:
        start = reader.line_num + 1
        try:
            values = next(reader, None)
        except csv.Error as error:
            yield _Line(start, [], _csv_reason(file, error, start, reader.line_num))
            continue
        if values is None:
            return
        if not values:  # a blank line is no row
            continue
        yield _Line(start, values, "" if len(values) == width else "wrong number of values")


def _csv_reason(file: str, error: csv.Error, start: int, end: int) -> str:
    """Why a row is set aside. Where it can't be told where the next one begins, the file is refused."""
    if "end of data" in str(error):
        found = f"a quote opened at line {start} that is not closed"
        raise _error(file, found, "balanced quotes", "Mend that line.") from error
    if "field limit" not in str(error):
        return "broken quoting"
    if end > start:
        found = f"a value of more than {_MAX_VALUE_MIB} MiB from line {start} on"
        raise _error(file, found, "smaller values", "Look for a quote that is not closed, or cut the value.") from error
    return f"a value of more than {_MAX_VALUE_MIB} MiB"


def _read_jsonl(file: str, content: IO[bytes], wanted: Sequence[str]) -> Iterator[Batch]:
    for chunk in _chunks(enumerate(content, start=1)):
        parsed = [(number, line, _parse_json(line)) for number, line in chunk if line.strip()]
        found = tuple(dict.fromkeys(name for _, _, row in parsed if not isinstance(row, str) for name in row))
        lines = [
            _Line(number, [line.decode("utf-8", "replace").strip()], row)
            if isinstance(row, str)
            else _Line(number, [_json_text(row.get(name)) for name in wanted])
            for number, line, row in parsed
        ]
        if lines:
            yield _batch(file, lines, wanted, found, has_header=False)


def _parse_json(line: bytes) -> dict[str, Any] | str:
    """The object on a line, or the reason why there is none."""
    try:
        row = json.loads(line.decode("utf-8-sig"))
    except UnicodeDecodeError:
        return "not UTF-8"
    except (ValueError, RecursionError):
        return "not JSON"
    return row if isinstance(row, dict) else "not a JSON object"


def _json_text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False)


def _read_parquet(file: str, content: IO[bytes], wanted: Sequence[str]) -> Iterator[Batch]:
    parquet = pq.ParquetFile(content)
    found = tuple(parquet.schema_arrow.names)
    names, row = [name for name in wanted if name in found], 0
    for batch in parquet.iter_batches(batch_size=BATCH_ROWS, columns=names):
        columns = {name: _parquet_text(batch.column(name)) for name in names}
        yield Batch(pa.table(columns), tuple(range(row + 1, row + batch.num_rows + 1)), file, found)
        row += batch.num_rows


def _parquet_text(values: pa.Array) -> pa.Array:
    try:
        return values.cast(pa.string())
    except (pa.ArrowNotImplementedError, pa.ArrowInvalid):  # lists and structs; bytes that are not UTF-8
        texts = [None if value is None else json.dumps(value, default=repr) for value in values.to_pylist()]
        return pa.array(texts, pa.string())


def _batch(
    file: str, lines: Sequence[_Line], names: Sequence[str], found: tuple[str, ...], has_header: bool = True
) -> Batch:
    """Rows to columns. Only if that fails is each value looked at for bytes that are not UTF-8."""
    good = [line for line in lines if not line.reason]
    try:
        rows = _table(good, names)
    except UnicodeEncodeError:
        lines = [x if x.reason or _is_text(x.values) else _Line(x.number, x.values, "not UTF-8") for x in lines]
        good = [line for line in lines if not line.reason]
        rows = _table(good, names)
    bad = tuple(Refused(line.reason, f"{file}:{line.number}", row_text(line.values)) for line in lines if line.reason)
    return Batch(rows, tuple(line.number for line in good), file, found, bad, has_header)


def _table(lines: Sequence[_Line], names: Sequence[str]) -> pa.Table:
    columns = list(zip(*(line.values for line in lines), strict=True)) or [()] * len(names)
    return pa.table({name: pa.array(column, pa.string()) for name, column in zip(names, columns, strict=True)})


def row_text(row: Values | dict[str, Any]) -> str:
    """A row as a line of JSON, with a mark in place of what is not text."""
    return json.dumps(row, ensure_ascii=False).encode("utf-8", "replace").decode()


def _is_text(values: Iterable[str | None]) -> bool:
    try:
        for value in values:
            (value or "").encode()
    except UnicodeEncodeError:
        return False
    return True


def _chunks(rows: Iterable[Row]) -> Iterator[list[Row]]:
    rows = iter(rows)
    while chunk := list(islice(rows, BATCH_ROWS)):
        yield chunk


@contextmanager
def _decoding(file: str, format_name: str) -> Iterator[None]:
    try:
        yield
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise _error(
            file, f"gzip data that is cut short or broken: {error}", "a whole gzip file", "Fetch it again."
        ) from error
    except pa.ArrowInvalid as error:
        raise _error(file, f"no {format_name}: {error}", f"a {format_name} file", "Check ingest.format.") from error


def _error(file: str, found: str, allowed: str, action: str) -> SourceError:
    return SourceError(f"source {file}", found=found, allowed=allowed, action=action)
