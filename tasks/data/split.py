"""Whose row it is, and on which side of the split: both follow from content, so neither ever changes."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from tasks.data.hashes import Cells, hash_rows, hash_texts, hex_text

OUTPUTS = ("label", "answer", "tags", "rating")  # roles that a model predicts or learns from, not its inputs
KEY_DIGITS = 32


def subject_keys(subjects: pa.ChunkedArray) -> pa.Array:
    """Keys of rows that name their subject: the SHA-256 of its UTF-8 text, so that one can look a subject up."""
    return hex_text(hash_texts(subjects), KEY_DIGITS)


def content_keys(cells: Cells, rows: int) -> pa.Array:
    """Keys of rows that name no subject: a hash of their inputs, so that equal inputs have equal keys."""
    return hex_text(hash_rows({name: cell for name, cell in cells.items() if name not in OUTPUTS}, rows), KEY_DIGITS)


def hash_split(keys: pa.Array, test_share: float) -> pa.Array:
    """`test` for the rows whose key, a hash, lies below `test_share` on a scale from 0 to 1, else `train`."""
    return pc.if_else(pc.less(keys, _bound(test_share)), "test", "train")


def validation_rows(keys: pa.ChunkedArray, share: float) -> pa.ChunkedArray:
    """For each row whether it is for validation: by the half of its key that the split into test and train left out."""
    return pc.less(pc.utf8_slice_codeunits(keys, KEY_DIGITS // 2), _bound(share))


def _bound(share: float) -> str:
    return f"{min(int(share * 2**64), 2**64 - 1):016x}"
