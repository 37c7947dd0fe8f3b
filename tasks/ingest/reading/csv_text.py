"""The bytes of a csv file that were not parsed yet, in blocks of whole rows or as lines."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import IO

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_READ_BYTES = 1 << 20


class CsvText:
    """Reads on in `content` as it is asked to.

    Attributes:
        line: number of the next line, from 1.
        position: how many bytes were given out.
    """

    def __init__(self, content: IO[bytes], has_mark: bool = True) -> None:
        self._content, self._data, self._start, self._is_whole = content, b"", 0, False
        self._pieces: deque[bytes] = deque()
        self.line, self.position = 1, 0
        self._fill(len(_BYTE_ORDER_MARK))
        if has_mark and self._data.startswith(_BYTE_ORDER_MARK):
            self._start = len(_BYTE_ORDER_MARK)

    @property
    def is_done(self) -> bool:
        """Whether all was given out."""
        return not self._pieces and self._is_whole and self._start == len(self._data)

    def block(self, size: int, most: int) -> bytes:
        """Whole rows of about `size` bytes if quotes are what they seem; empty if no row ends within `most` bytes."""
        self._put_back()
        while True:
            self._fill(size)
            stop = min(self._start + size, len(self._data))
            end = self._row_end(stop)
            if end > self._start or size >= most or stop < self._start + size:
                return self._data[self._start : end]
            size = min(2 * size, most)

    def skip(self, size: int, lines: int) -> None:
        """Go behind a block that was parsed: so many bytes and lines."""
        self._start += size
        self.position += size
        self.line += lines

    def lines(self) -> Iterator[str]:
        """Lines as text; a byte that is not UTF-8 becomes a lone surrogate. A carriage return alone ends one too."""
        pieces = self._pieces
        while pieces or self._split():
            piece = pieces.popleft()
            self.line += 1
            self.position += len(piece)
            yield piece.decode("utf-8", "surrogateescape")

    def _split(self) -> bool:
        """Have lines ready, if any are left: up to the last line feed at hand, or to the end of the file."""
        size = _READ_BYTES
        self._fill(size)
        while (end := self._data.rfind(b"\n", self._start) + 1) == 0 and not self._is_whole:
            size *= 2
            self._fill(size)
        end = end or len(self._data)
        self._pieces.extend(self._data[self._start : end].splitlines(keepends=True))
        self._start = end
        return bool(self._pieces)

    def _put_back(self) -> None:
        """What was made ready as lines and not taken is there for a block."""
        self._start -= sum(map(len, self._pieces))
        self._pieces.clear()

    def _fill(self, size: int) -> None:
        """Have `size` bytes at hand, or all that are left."""
        have = len(self._data) - self._start
        if have >= size or self._is_whole:
            return
        parts = [self._data[self._start :]]
        while have < size and not self._is_whole:
            part = self._content.read(max(size - have, _READ_BYTES))
            self._is_whole = not part
            parts.append(part)
            have += len(part)
        self._data, self._start = b"".join(parts), 0

    def _row_end(self, stop: int) -> int:
        """The end of the last line before `stop` that no quote is open at."""
        data, start = self._data, self._start
        if self._is_whole and stop == len(data) and data.count(b'"', start, stop) % 2 == 0:
            return stop
        end = data.rfind(b"\n", start, stop) + 1
        is_open = data.count(b'"', start, end) % 2 if end else 0
        while end and is_open:
            before = data.rfind(b"\n", start, end - 1) + 1
            is_open ^= data.count(b'"', before, end) % 2
            end = before
        return max(end, start)
