"""Rows that were refused, as a version keeps them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from tasks.ingest.reading.batches import Batch, Refused, row_text
from tasks.ingest.tally import Tally

QUARANTINE_COLUMNS = {"refused": "string", "origin": "string", "content": "string"}


def broken_rows(batch: Batch, reasons: pa.Array) -> Iterator[Refused]:
    """The rows of a batch that have a reason against them."""
    places = pc.indices_nonzero(reasons.is_valid())
    rows = batch.rows.take(places).to_pylist()
    for place, reason, row in zip(places.to_pylist(), reasons.take(places).to_pylist(), rows, strict=True):
        yield Refused(reason, batch.origin(place), row_text(row))


def refused_rows(bad: Sequence[Refused], tally: Tally) -> pa.Table:
    """The rows that were refused, counted."""
    tally.refuse(bad)
    columns = [[row.reason for row in bad], [row.origin for row in bad], [row.content for row in bad]]
    arrays = [pa.array(column, pa.string()) for column in columns]
    return pa.table(dict(zip(QUARANTINE_COLUMNS, arrays, strict=True)))
