"""What a data set holds, in one number: equal for equal rows, whatever their order, files and engine.

Each row is hashed, and the hashes are added up modulo 2^256 with their count, so parts can be computed anywhere and
combined. Sums find accidents and edits; they don't stop somebody who may choose millions of rows to forge an equal sum.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from tasks.data.canonical import Columns, canonical_table
from tasks.data.hashes import Hashes, hash_sum, row_hashes

NOT_CONTENT = ("row_id",)  # says where a row stood, not what it holds
_MODULUS = 2**256


@dataclass(frozen=True)
class PartialDigest:
    """Count and sum of row hashes of some of the rows."""

    count: int = 0
    total: int = 0

    def __add__(self, other: PartialDigest) -> PartialDigest:
        return PartialDigest(self.count + other.count, (self.total + other.total) % _MODULUS)


def partial_digest(table: pa.Table) -> PartialDigest:
    """The share of a canonical table in the digest of its data set."""
    return hashes_digest(content_hashes(table))


def content_hashes(table: pa.Table) -> Hashes:
    """The hash of every row of a canonical table, as the digest adds them up."""
    return row_hashes(table, [name for name in table.column_names if name not in NOT_CONTENT])


def hashes_digest(hashes: Hashes) -> PartialDigest:
    """The share of rows with these `content_hashes`."""
    return PartialDigest(len(hashes), hash_sum(hashes))


def final_digest(columns: Columns, parts: Iterable[PartialDigest]) -> str:
    """SHA-256 over the columns, the count and the sum."""
    whole = sum(parts, PartialDigest())
    content = {name: kind for name, kind in columns.items() if name not in NOT_CONTENT}
    text = json.dumps([sorted(content.items()), whole.count, f"{whole.total:064x}"])
    return hashlib.sha256(text.encode()).hexdigest()


def file_digest(file: Path) -> PartialDigest:
    """The share of one Parquet file, read in batches."""
    with pq.ParquetFile(file) as parquet:
        batches = parquet.iter_batches(batch_size=50_000)
        return sum((partial_digest(canonical_table(pa.Table.from_batches([b]))) for b in batches), PartialDigest())
