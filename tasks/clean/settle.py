"""After the rules: refused rows go to `quarantine/`, the others to `rows/`, counted and digested on the way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tasks.data.canonical import Columns, arrow_schema
from tasks.data.digest import PartialDigest
from tasks.data.parts import PartWriter
from tasks.data.prefetch import prefetched
from tasks.data.reserved import MARKS, REFUSED
from tasks.data.version import QUARANTINE, ROWS

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True)
class Settled:
    """What became of some of the rows, and the names of the parts that hold them."""

    digest: PartialDigest = field(default_factory=PartialDigest)
    reasons: Counter[str] = field(default_factory=Counter)
    parts: tuple[str, ...] = ()

    def __add__(self, other: Settled) -> Settled:
        return Settled(self.digest + other.digest, self.reasons + other.reasons, self.parts + other.parts)


def settle(part: str, batches: Iterable[pl.DataFrame], version: Path, columns: Columns) -> Settled:
    """Divide a part of the marked rows between the folders of a version, in files whose names begin with `part`."""
    schema = arrow_schema(columns)
    kept_schema = arrow_schema({name: kind for name, kind in columns.items() if name not in MARKS})
    reasons = Counter[str]()
    with (
        PartWriter(version / ROWS, kept_schema, prefix=part, digested=True) as rows,
        PartWriter(version / QUARANTINE, schema, prefix=part) as quarantine,
    ):
        for batch in prefetched(batches):
            is_kept = batch[REFUSED].is_null()
            rows.write(batch.select(kept_schema.names).filter(is_kept).to_arrow())
            if not is_kept.all():
                refused = batch.select(schema.names).filter(~is_kept)
                quarantine.write(refused.to_arrow())
                reasons.update(refused[REFUSED])
        return Settled(rows.digest, reasons, (part,))
