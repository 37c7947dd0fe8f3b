"""64-bit hashes of pieces of text, a column at a time, equal on every machine and in every process."""

from __future__ import annotations

from hashlib import blake2b

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

UInt64 = npt.NDArray[np.uint64]
Int64 = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]
_FACTOR = np.uint64(0x9E3779B97F4A7C15)  # 2^64 / golden ratio, odd
_FOLD = np.uint64(32)
_LONG_BYTES = 64  # a longer piece costs a call of its own, not a step of the loop for all
_MASKS = np.array([(1 << 8 * size) - 1 for size in range(9)], np.uint64)


def text_hash(text: str) -> np.uint64:
    """The hash of one text, for salts."""
    return np.uint64(int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "little"))


def text_bytes(texts: pa.Array) -> tuple[Bytes, Int64]:
    """The UTF-8 of a column of texts, and where each begins and the last ends; a missing text is empty."""
    filled = pc.fill_null(texts, "") if texts.null_count else texts
    _, offsets, data = filled.buffers()
    kind = np.int64 if pa.types.is_large_string(filled.type) else np.int32
    borders = np.frombuffer(offsets, kind)[filled.offset : filled.offset + len(filled) + 1].astype(np.int64)
    everything = np.frombuffer(data, np.uint8) if data is not None and data.size else np.empty(0, np.uint8)
    return everything[borders[0] : borders[-1]], borders - borders[0]


def absorb(state: UInt64, block: UInt64 | np.uint64) -> UInt64:
    """The state of a hash after one more block of 64 bits: multiply and fold, as FNV-1a does by the byte."""
    state = state ^ block
    state *= _FACTOR
    state ^= state >> _FOLD
    return state


def finish(state: UInt64) -> UInt64:
    """Let every bit of the state reach every bit of the hash (the finaliser of SplitMix64, Steele et al. 2014)."""
    state = state ^ (state >> np.uint64(30))
    state *= np.uint64(0xBF58476D1CE4E5B9)
    state ^= state >> np.uint64(27)
    state *= np.uint64(0x94D049BB133111EB)
    state ^= state >> np.uint64(31)
    return state


def stream(seed: np.uint64, count: int) -> UInt64:
    """`count` numbers that look random, from a seed (SplitMix64)."""
    with np.errstate(over="ignore"):
        return finish(seed + np.arange(1, count + 1, dtype=np.uint64) * _FACTOR)


class Windows:
    """The 8 bytes from any place of a text on, as a number; zeros stand behind the last byte.

    Eight copies, each a byte further on: to read where numbers lie is several times faster than to read between.
    """

    def __init__(self, data: Bytes) -> None:
        self._numbers = len(data) // 8 + 1
        padded = np.zeros(self._numbers * 8 + 8, np.uint8)
        padded[: len(data)] = data
        shifted = np.empty((8, self._numbers * 8), np.uint8)
        for shift in range(8):
            shifted[shift] = padded[shift : shift + self._numbers * 8]
        self._flat = shifted.view("<u8").ravel()

    def at(self, places: Int64, sizes: Int64) -> UInt64:
        """The first bytes from each place on: as many as its size says, 8 at most, and zeros after them."""
        numbers: UInt64 = np.take(self._flat, (places & 7) * self._numbers + (places >> 3))
        numbers &= np.take(_MASKS, sizes, mode="clip")
        return numbers


def hash_spans(data: Bytes, begins: Int64, ends: Int64) -> UInt64:
    """Hash `data[begin:end]` for every span: 8 bytes at a time, of all spans together."""
    windows, sizes = Windows(data), ends - begins
    state = absorb(sizes.astype(np.uint64), windows.at(begins, sizes))
    active = np.flatnonzero((sizes > 8) & (sizes <= _LONG_BYTES))
    for done in range(8, _LONG_BYTES, 8):
        left = sizes[active] - done
        state[active] = absorb(state[active], windows.at(begins[active] + done, left))
        active = active[left > 8]
    for place in np.flatnonzero(sizes > _LONG_BYTES):
        digest = blake2b(data[begins[place] : ends[place]].tobytes(), digest_size=8).digest()
        state[place] = int.from_bytes(digest, "little")
    return state
