"""Csv a block at a time, by Arrow, where that can be shown to give what Python's reader gives row by row.

A block is *regular* if every quote opens where a value begins or closes where one ends, and no carriage return stands
alone. Then quotes open and close in turn, so their number before a line feed tells whether a row ends there. Rows with
too few or too many values, and those with bytes that are not UTF-8, are taken out and read one by one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv

Places = npt.NDArray[np.int64]
_QUOTE, _FEED, _RETURN = b'"\n\r'
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Block:
    """A regular block.

    Attributes:
        starts: where each row begins, blank lines left out; `ends` is behind its line feed.
        offsets: on which line of the block, from 0, each row begins.
        lines: how many there are.
    """

    data: bytes
    starts: Places
    ends: Places
    offsets: Sequence[int]
    lines: int

    def without(self, rows: Places) -> tuple[bytes, list[int]]:
        """The bytes and the offsets of all but some rows."""
        keep = np.setdiff1d(np.arange(len(self.starts)), rows)
        pieces = [self.data[start:end] for start, end in zip(self.starts[keep], self.ends[keep], strict=True)]
        return b"".join(pieces), np.asarray(self.offsets)[keep].tolist()

    def row(self, number: int) -> bytes:
        """The bytes of one row."""
        return self.data[self.starts[number] : self.ends[number]]


def find_rows(data: bytes, delimiter: str) -> Block | None:
    """Where the rows are in what begins with one, if the block is regular."""
    if data.count(b"\r") != data.count(b"\r\n"):
        return None
    octets = np.frombuffer(data, np.uint8)
    feeds = np.flatnonzero(octets == _FEED)
    if data.find(b'"') < 0:
        ends = feeds
    else:
        quotes = np.flatnonzero(octets == _QUOTE)
        if not _is_regular(octets, quotes, ord(delimiter)):
            return None
        ends = feeds[np.searchsorted(quotes, feeds) % 2 == 0]
    lines = len(feeds)
    if len(data) and data[-1] != _FEED:
        ends, lines = np.append(ends, len(data) - 1), lines + 1
    return _rows(data, octets, feeds, ends + 1, lines)


def parse(data: bytes, header: Sequence[str], names: Sequence[str], delimiter: str) -> pa.Table | None:
    """The named columns of a block of rows as text, or none if a row is ragged or not UTF-8."""
    if not data:
        return pa.table({name: pa.array([], pa.string()) for name in names})
    if data.startswith(_BYTE_ORDER_MARK):  # Arrow would take it for no part of the value
        return None
    try:
        return pyarrow.csv.read_csv(
            pa.BufferReader(data),
            pyarrow.csv.ReadOptions(column_names=list(header), block_size=len(data) + 1),
            pyarrow.csv.ParseOptions(
                delimiter=delimiter, quote_char='"' if b'"' in data else False, newlines_in_values=b'"' in data
            ),
            pyarrow.csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), include_columns=list(names), strings_can_be_null=False
            ),
        )
    except pa.ArrowInvalid:
        return None


def odd_rows(block: Block, width: int, delimiter: str) -> Places:
    """Numbers of the rows that have not `width` values, or bytes that are not UTF-8."""
    octets = np.frombuffer(block.data, np.uint8)
    marks = np.flatnonzero(octets == ord(delimiter))
    quotes = np.flatnonzero(octets == _QUOTE)
    marks = marks[np.searchsorted(quotes, marks) % 2 == 0]
    values = np.searchsorted(marks, block.ends) - np.searchsorted(marks, block.starts) + 1
    return np.union1d(np.flatnonzero(values != width), _not_text(block))


def _is_regular(octets: npt.NDArray[np.uint8], quotes: Places, delimiter: int) -> bool:
    if len(quotes) % 2:
        return False
    opening, closing = quotes[::2], quotes[1::2]
    before, after = octets[opening[opening > 0] - 1], octets[closing[closing < len(octets) - 1] + 1]
    opens, closes = np.zeros(256, bool), np.zeros(256, bool)
    opens[[delimiter, _FEED, _QUOTE]] = True
    closes[[delimiter, _FEED, _RETURN, _QUOTE]] = True
    return bool(opens[before].all() and closes[after].all())


def _rows(data: bytes, octets: npt.NDArray[np.uint8], feeds: Places, ends: Places, lines: int) -> Block:
    starts = np.concatenate([[0], ends[:-1]]) if len(ends) else ends
    sizes = ends - starts
    blank = (sizes == 1) & (octets[starts] == _FEED) | (sizes == 2) & (octets[starts] == _RETURN)
    if lines == len(ends) and not blank.any():
        return Block(data, starts, ends, range(lines), lines)
    starts, ends = starts[~blank], ends[~blank]
    return Block(data, starts, ends, cast("list[int]", np.searchsorted(feeds, starts).tolist()), lines)


def _not_text(block: Block) -> Places:
    found, start = list[int](), 0
    view = memoryview(block.data)
    while True:
        try:
            str(view[start:], "utf-8")
        except UnicodeDecodeError as error:
            row = int(np.searchsorted(block.ends, start + error.start, side="right"))
            found.append(row)
            start = int(block.ends[row])
        else:
            return np.array(found, np.int64)
