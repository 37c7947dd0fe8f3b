"""Csv files to batches: blocks by Arrow, and row by row what is not regular. Both ways give the same."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from io import BytesIO
from typing import IO

import pyarrow as pa

from tasks.ingest.reading.batches import Batch, Line, Refused, make_batch
from tasks.ingest.reading.csv_blocks import Block, find_rows, odd_rows, parse
from tasks.ingest.reading.csv_rows import MAX_VALUE_MIB, CsvRows
from tasks.ingest.reading.csv_text import CsvText

BLOCK_BYTES, _SMALLEST_BLOCK = 8 << 20, 1 << 19
_ROWS, _SLOW_ROWS = 100_000, 20_000
_MAX_BYTES = MAX_VALUE_MIB << 20  # a block of no more has no value of more


class CsvReader:
    """Reads one file. `names` are the wanted columns that it has."""

    def __init__(self, file: str, content: IO[bytes], delimiter: str, wanted: Sequence[str]) -> None:
        self.file, self.delimiter = file, delimiter
        self._text = CsvText(content)
        self._rows = CsvRows(file, self._text, delimiter)
        self.header = self._rows.header()
        self.names = [name for name in wanted if name in self.header]

    def batches(self, block_bytes: int = BLOCK_BYTES) -> Iterator[Batch]:
        """All rows. A block that is not regular is tried again in smaller ones, and the smallest goes row by row."""
        size = block_bytes if self.names and self.delimiter.isascii() and self.delimiter not in '"\r\n' else 0
        smallest = min(_SMALLEST_BLOCK, size or _SMALLEST_BLOCK)
        while True:
            data = self._text.block(size, _MAX_BYTES) if size else b""
            batch = self._fast(data) if data else None
            if batch:
                yield from _split(batch)
                size = min(2 * size, block_bytes)
            elif data and size > smallest:
                size = max(size // 4, smallest)
            else:
                lines = self._rows.read(len(self.header), max(len(data), smallest), _SLOW_ROWS)
                if not lines and self._text.is_done:
                    return
                yield self._batch(lines)

    def _fast(self, data: bytes) -> Batch | None:
        if len(data) > _MAX_BYTES or (block := find_rows(data, self.delimiter)) is None:
            return None
        first, apart, offsets = self._text.line, list[Line](), block.offsets
        table = parse(data, self.header, self.names, self.delimiter)
        if table is None:
            odd = odd_rows(block, len(self.header), self.delimiter)
            apart = [line for number in odd for line in self._one(block, int(number), first)]
            regular, offsets = block.without(odd)
            table = parse(regular, self.header, self.names, self.delimiter)
        if table is None or table.num_rows != len(offsets):
            return None
        self._text.skip(len(data), block.lines)
        return self._merged(table, _lines(offsets, first), apart)

    def _one(self, block: Block, number: int, first: int) -> list[Line]:
        text = CsvText(BytesIO(block.row(number)), has_mark=False)
        text.line = first + block.offsets[number]
        return CsvRows(self.file, text, self.delimiter).read(len(self.header), 1, 1)

    def _merged(self, table: pa.Table, lines: Sequence[int], apart: list[Line]) -> Batch:
        batch = self._batch(apart)
        if not batch.lines:
            return Batch(table, lines, self.file, tuple(self.header), batch.refused)
        rows = pa.concat_tables([table, batch.rows])
        return Batch(rows, [*lines, *batch.lines], self.file, tuple(self.header), batch.refused)

    def _batch(self, lines: Sequence[Line]) -> Batch:
        places = [self.header.index(name) for name in self.names]
        picked = [Line(x.number, x.values if x.reason else [x.values[p] for p in places], x.reason) for x in lines]
        return make_batch(self.file, picked, self.names, tuple(self.header))


def _lines(offsets: Sequence[int], first: int) -> Sequence[int]:
    if isinstance(offsets, range):
        return range(first, first + len(offsets))
    return [first + offset for offset in offsets]


def _split(batch: Batch) -> Iterator[Batch]:
    """Rows are short in some files: no batch of millions."""
    refused: tuple[Refused, ...] = batch.refused
    for start in range(0, max(batch.rows.num_rows, 1), _ROWS):
        rows, lines = batch.rows.slice(start, _ROWS), batch.lines[start : start + _ROWS]
        yield Batch(rows, lines, batch.file, batch.found, refused)
        refused = ()
