"""Rows above a mark: those that came since the version before this one.

A row is new if its value in a column that only grows is above the highest value read so far. What can't be placed so,
a line that can't be read or a row without such a value, is new unless it lies in the version's quarantine already.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pyarrow as pa

from infra.errors import DataError
from tasks.data.parts import read_parts
from tasks.data.references import SourceRef
from tasks.data.version import Version
from tasks.ingest.config import IngestOptions
from tasks.ingest.reading.readers import Batch, Refused, read_batches, row_text
from tasks.ingest.scale import Scale


class RisingFeed:
    """What of one source lies above the mark of `parent`; all of it if there is no parent."""

    def __init__(
        self, options: IngestOptions, source: SourceRef, wanted: Sequence[str], parent: Version | None
    ) -> None:
        self._source, self._delimiter, self._column = source, options.delimiter, options.watermark
        self._wanted = list(dict.fromkeys([*wanted, options.watermark]))
        self._reason = f"{options.watermark}: no number and no ISO date"
        self._in_files = not options.sql.is_given
        self._scale = Scale(options.watermark)
        self._text = parent.manifest.watermark if parent else ""
        self._mark = self._highest = self._scale.rank(self._text)
        self._known = self._quarantined(parent) if parent else Counter()

    def batches(self) -> Iterator[Batch]:
        """The rows above the mark, and those that can't be placed and are not known.

        Raises:
            DataError: the source has no such column, or numbers and dates in it.
        """
        for batch in read_batches(self._source, self._delimiter, self._wanted):
            if self._column not in batch.rows.column_names:
                raise DataError(
                    f"column {self._column!r} (for ingest.watermark)",
                    found=f"only the columns {', '.join(batch.found)}",
                    allowed="a column of the source that only grows",
                    action="Set ingest.watermark, or change the source.",
                )
            yield self._above(batch)

    def facts(self) -> dict[str, Any]:
        """The new mark."""
        return {"watermark": self._text}

    def _above(self, batch: Batch) -> Batch:
        texts = batch.rows[self._column].to_pylist()
        kept, refused = [], [row for row in batch.refused if self._is_new(row)]
        for place, text in enumerate(texts):
            rank = self._scale.rank(text)
            if rank is None:
                row = Refused(self._reason, batch.origin(place), row_text(batch.rows.slice(place, 1).to_pylist()[0]))
                refused += [row] if self._is_new(row) else []
            elif self._mark is None or rank > self._mark:
                kept.append(place)
                self._raise(rank, text)
        return replace(
            batch,
            rows=batch.rows.take(pa.array(kept, pa.int64())),
            lines=tuple(batch.lines[place] for place in kept),
            refused=tuple(refused),
        )

    def _raise(self, rank: Decimal, text: str) -> None:
        if self._highest is None or rank > self._highest:
            self._highest, self._text = rank, text.strip()

    def _is_new(self, row: Refused) -> bool:
        key = self._key(row.origin, row.content)
        if not self._known[key]:
            return True
        self._known[key] -= 1
        return False

    def _key(self, origin: str, content: str) -> tuple[str, str]:
        """By file, where it is one: a line keeps neither its number nor, in a database, any place."""
        return origin.rpartition(":")[0] if self._in_files else "", content

    def _quarantined(self, parent: Version) -> Counter[tuple[str, str]]:
        known: Counter[tuple[str, str]] = Counter()
        for rows in read_parts(parent.quarantine):
            known.update(map(self._key, rows["origin"].to_pylist(), rows["content"].to_pylist()))
        return known
