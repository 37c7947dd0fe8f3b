"""Files to batches of text columns: a row that can't be read is set aside with its place, and never stops a run.

All values become text, also those of jsonl and Parquet: the contract converts them, in one way for every format.
"""

from __future__ import annotations

import gzip
import io
import json
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import IO, Any, TypeVar, cast

import pyarrow as pa
import pyarrow.parquet as pq

from infra.errors import SourceError
from tasks.data.references import SourceRef
from tasks.ingest.reading.batches import Batch, Line, Refused, make_batch, row_text
from tasks.ingest.reading.csv_reader import CsvReader
from tasks.ingest.sources.sources import extension, open_source, without_userinfo

__all__ = ["BATCH_ROWS", "Batch", "Refused", "read_batches", "row_text"]

BATCH_ROWS = 20_000
Row = TypeVar("Row")


def read_batches(source: SourceRef, delimiter: str, wanted: Sequence[str]) -> Iterator[Batch]:
    """All rows of a source, of the wanted columns those that it has (jsonl: all, empty where a row has none).

    Raises:
        SourceError: a file is not what its name says, or ends too early.
    """
    for file, digest in zip(source.files, source.digests, strict=True):
        with open_source(file, digest) as raw, _decoding(file, source.format):
            content = _decompressed(file, raw)
            name = without_userinfo(file)
            if source.format == "csv":
                yield from CsvReader(name, content, delimiter, wanted).batches()
            elif source.format == "jsonl":
                yield from _read_jsonl(name, content, wanted)
            else:
                yield from _read_parquet(name, content, wanted)


def _decompressed(file: str, raw: IO[bytes]) -> IO[bytes]:
    kind = extension(file).rpartition(".")[2]
    if kind == "gz":
        return cast("IO[bytes]", gzip.GzipFile(fileobj=raw))
    return io.BufferedReader(pa.CompressedInputStream(raw, "zstd")) if kind == "zst" else raw


def _read_jsonl(file: str, content: IO[bytes], wanted: Sequence[str]) -> Iterator[Batch]:
    for chunk in _chunks(enumerate(content, start=1)):
        parsed = [(number, line, _parse_json(line)) for number, line in chunk if line.strip()]
        found = tuple(dict.fromkeys(name for _, _, row in parsed if not isinstance(row, str) for name in row))
        lines = [
            Line(number, [line.decode("utf-8", "replace").strip()], row)
            if isinstance(row, str)
            else Line(number, [_json_text(row.get(name)) for name in wanted])
            for number, line, row in parsed
        ]
        if lines:
            yield make_batch(file, lines, wanted, found, has_header=False)


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
    twice = sorted({name for name in found if found.count(name) > 1})
    if twice:
        repeated = ", ".join(map(repr, twice))
        raise _error(file, f"the columns {repeated} twice", "columns of distinct names", "Rename them.")
    names, row = [name for name in wanted if name in found], 0
    for batch in parquet.iter_batches(batch_size=BATCH_ROWS, columns=names):
        numbers = range(row + 1, row + batch.num_rows + 1)
        try:
            columns = {name: _parquet_text(batch.column(name)) for name in names}
            yield Batch(pa.table(columns), tuple(numbers), file, found)
        except UnicodeDecodeError:
            texts = zip(*(_decoded_texts(batch.column(name)) for name in names), strict=True)
            yield make_batch(file, [Line(*line) for line in zip(numbers, texts, strict=True)], names, found)
        row += batch.num_rows


def _parquet_text(values: pa.Array) -> pa.Array:
    """Values as text.

    Raises:
        UnicodeDecodeError: some are bytes that are not UTF-8.
    """
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    if _is_bytes(values.type):
        texts = values.cast(pa.binary()).cast(pa.string(), safe=False)
        try:
            texts.validate(full=True)
        except pa.ArrowInvalid as error:
            raise UnicodeDecodeError("utf-8", b"", 0, 0, str(error)) from None
        return texts
    try:
        return values.cast(pa.string())
    except (pa.ArrowNotImplementedError, pa.ArrowInvalid):  # lists and structs
        texts = [None if value is None else json.dumps(value, default=repr) for value in values.to_pylist()]
        return pa.array(texts, pa.string())


def _decoded_texts(values: pa.Array) -> list[str | None]:
    """The same one by one, a lone surrogate for each byte that is not UTF-8."""
    try:
        texts: list[str | None] = _parquet_text(values).to_pylist()
    except UnicodeDecodeError:
        plain = values.dictionary_decode() if pa.types.is_dictionary(values.type) else values
        octets = plain.cast(pa.binary()).to_pylist()
        return [None if value is None else value.decode("utf-8", "surrogateescape") for value in octets]
    return texts


def _is_bytes(kind: pa.DataType) -> bool:
    checks = (pa.types.is_string, pa.types.is_large_string, pa.types.is_binary, pa.types.is_large_binary)
    return any(check(kind) for check in checks) or pa.types.is_fixed_size_binary(kind)


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
    except OSError as error:
        if type(error) is not OSError or error.errno is not None:  # the system's or a network's, not Arrow's
            raise
        if extension(file).rpartition(".")[2] != "zst":
            raise _error(file, f"no {format_name}: {error}", f"a {format_name} file", "Check ingest.format.") from error
        raise _error(
            file, f"zstd data that is cut short or broken: {error}", "a whole zst file", "Fetch it again."
        ) from error
    except pa.ArrowInvalid as error:
        raise _error(file, f"no {format_name}: {error}", f"a {format_name} file", "Check ingest.format.") from error


def _error(file: str, found: str, allowed: str, action: str) -> SourceError:
    return SourceError(f"source {file}", found=found, allowed=allowed, action=action)
