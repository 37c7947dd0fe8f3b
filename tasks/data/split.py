"""Whose row it is, and on which side of the split: both follow from content, so neither ever changes."""

from __future__ import annotations

import hashlib

import pyarrow as pa

from tasks.data.canonical import row_hashes

OUTPUTS = ("label", "answer", "tags", "rating")  # roles that a model predicts or learns from, not its inputs


def subject_keys(subjects: pa.ChunkedArray) -> pa.Array:
    """Keys of rows that name their subject: the SHA-256 of its UTF-8 text, so that one can look a subject up."""
    hashes = [hashlib.sha256(text.encode()).hexdigest()[:32] for text in subjects.to_pylist()]
    return pa.array(hashes, pa.string())


def content_keys(payload: pa.Table) -> pa.Array:
    """Keys of rows that name no subject: a hash of their inputs, so that equal inputs have equal keys."""
    inputs = [name for name in payload.column_names if name not in OUTPUTS]
    return pa.array([row.hex()[:32] for row in row_hashes(payload, inputs)], pa.string())


def hash_split(keys: pa.Array, test_share: float) -> pa.Array:
    """`test` for the rows whose key hashes below `test_share` on a scale from 0 to 1, else `train`."""
    sides = ["test" if _position(key) < test_share else "train" for key in keys.to_pylist()]
    return pa.array(sides, pa.string())


def _position(key: str) -> float:
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:8]) / 2**64
