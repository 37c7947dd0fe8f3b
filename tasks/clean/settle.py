"""After the rules: refused rows go to `quarantine/`, the others to `rows/`, counted and digested on the way."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tasks.data.canonical import Columns, arrow_schema, canonical_table
from tasks.data.digest import PartialDigest, partial_digest
from tasks.data.parts import PartWriter
from tasks.data.reserved import REFUSED
from tasks.data.version import QUARANTINE, ROWS

_BATCH_ROWS = 50_000


@dataclass(frozen=True)
class Settled:
    """What became of some of the rows."""

    digest: PartialDigest = field(default_factory=PartialDigest)
    reasons: Counter[str] = field(default_factory=Counter)

    def __add__(self, other: Settled) -> Settled:
        return Settled(self.digest + other.digest, self.reasons + other.reasons)


def settle(file: Path, version: Path, columns: Columns) -> Settled:
    """Divide one file of marked rows between the folders of a version, in files of the same name."""
    schema = arrow_schema(columns)
    kept_schema = arrow_schema({name: kind for name, kind in columns.items() if name != REFUSED})
    settled = Settled()
    with (
        pq.ParquetFile(file) as parquet,
        PartWriter(version / ROWS, kept_schema, prefix=file.stem) as rows,
        PartWriter(version / QUARANTINE, schema, prefix=file.stem) as quarantine,
    ):
        for batch in parquet.iter_batches(batch_size=_BATCH_ROWS):
            marked = canonical_table(pa.Table.from_batches([batch])).select(schema.names).cast(schema)
            is_kept = pc.is_null(marked[REFUSED])
            kept, refused = marked.filter(is_kept).select(kept_schema.names), marked.filter(pc.invert(is_kept))
            rows.write(kept)
            quarantine.write(refused)
            settled += Settled(partial_digest(kept), Counter(refused[REFUSED].to_pylist()))
    return settled
