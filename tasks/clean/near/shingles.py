"""Texts as sets of shingles, each a hash of 64 bits (Broder 1997): runs of words, or of characters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tasks.clean.near.hashing import Bytes, Int64, UInt64, Windows, absorb, finish, hash_spans, text_bytes, text_hash

Unit = Literal["words", "characters"]
_SPACE = ord(" ")


@dataclass(frozen=True)
class Shingles:
    """Shingles of several rows, one row after the other; one that a text repeats is there as often.

    Attributes:
        hashes: of all rows.
        offsets: a row's are `hashes[offsets[row] : offsets[row + 1]]`; one longer than the number of rows.
    """

    hashes: UInt64
    offsets: Int64

    @property
    def counts(self) -> Int64:
        """How many each row has."""
        return np.diff(self.offsets)


def shingle(columns: Sequence[tuple[str, pa.Array]], unit: Unit, size: int) -> Shingles:
    """Shingles of rows of one or more named text columns: of each, runs of `size` units.

    A text of fewer units is one shingle; one without any has none. Words are what spaces and control characters of
    ASCII divide. A run in one column never equals one in another.
    """
    parts = [_shingle_column(name, texts, unit, size) for name, texts in columns]
    return parts[0] if len(parts) == 1 else _merge(parts)


def _shingle_column(name: str, texts: pa.Array, unit: Unit, size: int) -> Shingles:
    data, borders = text_bytes(texts)
    units, offsets = _words(data, borders) if unit == "words" else _characters(data, borders)
    counts = np.diff(offsets)
    runs = np.where(counts >= size, counts - size + 1, counts > 0)
    starts = np.concatenate([[0], np.cumsum(runs)])
    first = np.repeat(offsets[:-1] - starts[:-1], runs) + np.arange(starts[-1])
    salt = text_hash(name)
    state = _runs(units, size, salt)[first]
    short = np.flatnonzero((counts > 0) & (counts < size))
    if len(short):
        state[starts[short]] = _short_runs(units, offsets[short], counts[short], size, salt)
    return Shingles(finish(state), starts)


def _runs(units: UInt64, size: int, salt: np.uint64) -> UInt64:
    """The run that begins at each unit, whichever rows the units are of."""
    padded = np.concatenate([units, np.zeros(size, np.uint64)])
    state = np.full(len(units), salt)
    for place in range(size):
        state = absorb(state, padded[place : place + len(units)])
    return state


def _short_runs(units: UInt64, begins: Int64, counts: Int64, size: int, salt: np.uint64) -> UInt64:
    """Runs of texts that have fewer units than a shingle, filled up with zeros."""
    state = np.full(len(begins), salt)
    for place in range(size):
        there = place < counts
        state = absorb(state, np.where(there, units[begins + np.where(there, place, 0)], np.uint64(0)))
    return state


def _words(data: Bytes, borders: Int64) -> tuple[UInt64, Int64]:
    """Hashes of the words, and where each row's begin."""
    spaces = np.flatnonzero(data <= _SPACE)
    begins = np.sort(np.concatenate([borders[:-1], spaces + 1]), kind="stable")  # two sorted runs: a merge
    ends = np.sort(np.concatenate([spaces, borders[1:]]), kind="stable")
    words = ends > begins
    if not words.all():
        begins, ends = begins[words], ends[words]
    return hash_spans(data, begins, ends), np.searchsorted(begins, borders)


def _characters(data: Bytes, borders: Int64) -> tuple[UInt64, Int64]:
    """The UTF-8 of each character as a number, and where each row's begin."""
    if not len(data) or data.max() < 128:
        return data.astype(np.uint64), borders
    begins = np.flatnonzero((data & 0xC0) != 0x80)
    sizes = np.diff(begins, append=len(data))
    return Windows(data).at(begins, sizes), np.searchsorted(begins, borders)


def _merge(parts: Sequence[Shingles]) -> Shingles:
    """The shingles of several columns, together by row."""
    rows = [np.repeat(np.arange(len(part.counts)), part.counts) for part in parts]
    order = np.argsort(np.concatenate(rows), kind="stable")
    hashes = np.concatenate([part.hashes for part in parts])[order]
    offsets: npt.NDArray[np.int64] = np.sum([part.offsets for part in parts], axis=0)
    return Shingles(hashes, offsets)
