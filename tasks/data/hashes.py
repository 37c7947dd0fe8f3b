"""SHA-256 of rows, over an encoding that neither the engine nor the order of the columns shows in.

Cells are encoded a column at a time, in Arrow, which lets other threads run; only the hashing itself is a Python loop.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Cells = dict[str, pa.Array]
_BINARY = pa.large_binary()  # 2 GB of text in a batch are no error


def row_hashes(table: pa.Table, columns: Sequence[str]) -> list[bytes]:
    """SHA-256 of the canonical encoding of `columns`, a row at a time."""
    return hash_rows(encode(table, columns), table.num_rows)


def encode(table: pa.Table, columns: Iterable[str]) -> Cells:
    """Each value as `length:bytes`, a missing one as `-`, so that values joined can't be read in two ways."""
    return {name: _encode(table.column(name)) for name in columns}


def hash_rows(cells: Mapping[str, pa.Array], rows: int) -> list[bytes]:
    """SHA-256 of the cells of each row, by the names of their columns."""
    if not cells:
        return [hashlib.sha256().digest()] * rows
    joined = pc.binary_join_element_wise(*(cells[name] for name in sorted(cells)), pa.scalar(b"", _BINARY))
    return [digest for chunk in _chunks(joined) for digest in _hash_values(chunk)]


def hex_text(hashes: Sequence[bytes], digits: int) -> pa.Array:
    """The first `digits` (an even number) hexadecimal digits of each hash, as text."""
    return _fixed_text(_hex_digits(hashes, digits))


def numbered_text(hashes: Sequence[bytes], digits: int, first: int) -> pa.Array:
    """The same, with a number behind each that counts from `first`: `ab12-000000000007`."""
    numbers = np.arange(first, first + len(hashes))[:, None] // 10 ** np.arange(11, -1, -1) % 10
    dash = np.full((len(hashes), 1), ord("-"))
    return _fixed_text(np.hstack([_hex_digits(hashes, digits), dash, numbers + ord("0")]).astype(np.uint8))


def hash_sum(hashes: Sequence[bytes]) -> int:
    """Sum of hashes read as numbers, most significant byte first, modulo 2^256."""
    words = np.frombuffer(b"".join(hashes), ">u4").reshape(-1, 8).sum(axis=0, dtype=np.uint64)
    return sum(int(word) << (32 * (7 - place)) for place, word in enumerate(words)) % 2**256


def _encode(values: pa.ChunkedArray) -> pa.Array:
    if pa.types.is_floating(values.type):  # by its bits: how a number is printed may change with the library
        values = pa.chunked_array([chunk.view(pa.int64()) for chunk in values.chunks], pa.int64())
    texts = values.cast(pa.string()).cast(_BINARY)
    lengths = pc.binary_length(texts).cast(pa.string()).cast(_BINARY)
    cells = pc.binary_join_element_wise(lengths, texts, pa.scalar(b":", _BINARY))
    return pc.fill_null(cells, pa.scalar(b"-", _BINARY)) if cells.null_count else cells


def _chunks(rows: pa.ChunkedArray | pa.Array) -> list[pa.Array]:
    return list(rows.chunks) if isinstance(rows, pa.ChunkedArray) else [rows]


def _hash_values(chunk: pa.Array) -> list[bytes]:
    """By offsets into the bytes of all: `to_pylist` would make a scalar of each value."""
    _, offsets, data = chunk.buffers()
    if not len(chunk) or data is None:
        return [hashlib.sha256().digest()] * len(chunk)
    ends = np.frombuffer(offsets, np.int64, len(chunk) + 1, chunk.offset * 8).tolist()
    whole, sha256 = memoryview(data).tobytes(), hashlib.sha256
    return [sha256(whole[start:end]).digest() for start, end in pairwise(ends)]


def _hex_digits(hashes: Sequence[bytes], digits: int) -> npt.NDArray[np.uint8]:
    """Hexadecimal digits as a (rows, digits) array of character codes."""
    octets = np.frombuffer(b"".join(hashes), np.uint8).reshape(-1, 32)[:, : digits // 2]
    return np.frombuffer(octets.tobytes().hex().encode(), np.uint8).reshape(-1, digits)


def _fixed_text(characters: npt.NDArray[np.uint8]) -> pa.Array:
    """Rows of character codes as strings of that length."""
    rows, width = characters.shape
    offsets = pa.py_buffer((np.arange(rows + 1) * width).astype(np.int32))
    return pa.StringArray.from_buffers(rows, offsets, pa.py_buffer(characters.tobytes()))
