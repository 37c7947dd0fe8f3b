"""SHA-256 of rows, over an encoding that neither the engine nor the order of the columns shows in.

Arrow encodes a column at a time and joins the cells of a row; polars-hash hashes the rows. Both let other threads run.
"""

from __future__ import annotations

import binascii
import hashlib
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Hashes = npt.NDArray[np.uint8]
"""The 32 bytes of each row's hash, as an array of shape (rows, 32)."""
Cells = dict[str, tuple[pa.ChunkedArray, ...]]
"""Texts by column; those of a row, one after the other, are the encoding of its cell."""

_TEXT = pa.large_string()  # 2 GB of text in a batch are no error
_LENGTHS = pa.array([f"{length}:" for length in range(4096)], _TEXT)  # looked up in half the time of printing them


def row_hashes(table: pa.Table, columns: Sequence[str]) -> Hashes:
    """SHA-256 of the canonical encoding of `columns`, a row at a time."""
    return hash_rows(encode(table, columns), table.num_rows)


def encode(table: pa.Table, columns: Iterable[str]) -> Cells:
    """Each value as `length:bytes`, a missing one as `-`, so that values joined can't be read in two ways."""
    return {name: _encode(table.column(name)) for name in columns}


def hash_rows(cells: Mapping[str, tuple[pa.ChunkedArray, ...]], rows: int) -> Hashes:
    """SHA-256 of the cells of each row, by the names of their columns."""
    if not cells:
        return np.tile(np.frombuffer(hashlib.sha256().digest(), np.uint8), (rows, 1))
    texts = [text for name in sorted(cells) for text in cells[name]]
    return hash_texts(pc.binary_join_element_wise(*texts, pa.scalar("", _TEXT)))


def hash_texts(texts: pa.ChunkedArray) -> Hashes:
    """SHA-256 of the UTF-8 of each text. None may be missing."""
    import polars as pl
    import polars_hash  # noqa: F401 (gives expressions their `chash`)

    hashed = pl.DataFrame({"text": pl.Series(texts, dtype=pl.String)}).select(pl.col("text").chash.sha2_256())  # type: ignore[attr-defined]
    digits = hashed["text"].rechunk().to_arrow().cast(_TEXT)
    if not len(digits):
        return np.empty((0, 32), np.uint8)
    _, _, data = digits.buffers()
    start = 64 * digits.offset
    return np.frombuffer(binascii.unhexlify(memoryview(data)[start : start + 64 * len(digits)]), np.uint8).reshape(
        -1, 32
    )


def hex_text(hashes: Hashes, digits: int) -> pa.Array:
    """The first `digits` (an even number) hexadecimal digits of each hash, as text."""
    return _fixed_text(_hex_digits(hashes, digits))


def numbered_text(hashes: Hashes, digits: int, first: int) -> pa.Array:
    """The same, with a number behind each that counts from `first`: `ab12-000000000007`."""
    characters = np.empty((len(hashes), digits + 13), np.uint8)
    characters[:, :digits] = _hex_digits(hashes, digits)
    characters[:, digits] = ord("-")
    numbers = np.arange(first, first + len(hashes))
    for place in range(digits + 12, digits, -1):
        numbers, digit = np.divmod(numbers, 10)
        characters[:, place] = digit + ord("0")
    return _fixed_text(characters)


def hash_sum(hashes: Hashes) -> int:
    """Sum of hashes read as numbers, most significant byte first, modulo 2^256."""
    words = hashes.view(">u4").astype(np.uint32).sum(axis=0, dtype=np.uint64)
    return sum(int(word) << (32 * (7 - place)) for place, word in enumerate(words)) % 2**256


def _encode(values: pa.ChunkedArray) -> tuple[pa.ChunkedArray, ...]:
    if pa.types.is_boolean(values.type):
        cells = pc.if_else(values, pa.scalar("4:true", _TEXT), pa.scalar("5:false", _TEXT))
        return (pc.fill_null(cells, "-") if cells.null_count else cells,)
    if pa.types.is_floating(values.type):  # by its bits: how a number is printed may change with the library
        values = pa.chunked_array([chunk.view(pa.int64()) for chunk in values.chunks], pa.int64())
    texts = values.cast(_TEXT)
    lengths = _lengths(texts)
    return (pc.fill_null(lengths, "-"), pc.fill_null(texts, "")) if texts.null_count else (lengths, texts)


def _lengths(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    lengths = pc.binary_length(texts)
    if (pc.max(lengths).as_py() or 0) < len(_LENGTHS):
        return pc.take(_LENGTHS, lengths)
    return pc.binary_join_element_wise(lengths.cast(_TEXT), pa.scalar("", _TEXT), pa.scalar(":", _TEXT))


def _hex_digits(hashes: Hashes, digits: int) -> npt.NDArray[np.uint8]:
    """Hexadecimal digits as a (rows, digits) array of character codes."""
    octets = hashes[:, : digits // 2].tobytes()
    return np.frombuffer(binascii.hexlify(octets), np.uint8).reshape(-1, digits)


def _fixed_text(characters: npt.NDArray[np.uint8]) -> pa.Array:
    """Rows of character codes as strings of that length."""
    rows, width = characters.shape
    offsets = pa.py_buffer((np.arange(rows + 1) * width).astype(np.int32))
    return pa.StringArray.from_buffers(rows, offsets, pa.py_buffer(characters.tobytes()))
