"""Several sources become one: their rows one after the other, or by key, one row for each.

By key, every source's rows are brought to the names and types that all share and set down by key (`buckets.py`); then
the rows of a key are compared (`resolution.py`). What is held in memory is one group of buckets.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from tasks.data.references import SourceRef
from tasks.ingest.config import SOURCE, ColumnContract, IngestOptions, SourceColumns
from tasks.ingest.contract.contract import Contract
from tasks.ingest.fusion.buckets import Buckets, StagedRows
from tasks.ingest.fusion.members import Member, find_members
from tasks.ingest.fusion.resolution import LOST, Resolution
from tasks.ingest.reading.batches import Batch, Refused, row_text
from tasks.ingest.reading.readers import read_batches
from tasks.ingest.tally import Tally


def fused_contract(options: IngestOptions) -> Contract:
    """The contract of the rows that the sources become: columns by the shared names, and where a row came from."""
    roles = {role: role for role in ("split", "key") if any(getattr(s.columns, role) for s in options.sources)}
    columns = [*options.contract, ColumnContract(name=SOURCE)]
    return Contract(options.model_copy(update={"contract": columns}), SourceColumns(**roles))


def without_losers(tally: Tally) -> Tally:
    """The same counts but for rows that another row stands for: there is nothing wrong with them."""
    kept = {reason: count for reason, count in tally.reasons.items() if not reason.startswith(LOST)}
    return replace(tally, reasons=Counter(kept))


class FusedFeed:
    """The rows that several sources become."""

    def __init__(self, options: IngestOptions, source: SourceRef, contract: Contract, workspace: Path) -> None:
        self._options, self._contract, self._workspace = options.fusion, contract, workspace
        self._members = find_members(options, source, contract)
        self._rows: Counter[str] = Counter()
        self._left_out: dict[str, None] = {}
        self._present: dict[str, None] = {SOURCE: None}
        self._resolution = Resolution(options.fusion, contract.wanted, [member.name for member in self._members])

    def batches(self) -> Iterator[Batch]:
        """Rows under the shared names, each with its source; those that lost are refused.

        Raises:
            DataError: a source lacks a column, or a column of moments has numbers too.
        """
        if not self._options.on:
            for member in self._members:
                for batch in self._read(member):
                    yield replace(batch, rows=member.rows(batch), found=tuple(self._present), has_header=False)
            return
        with Buckets(self._workspace / "buckets", self._options.on) as buckets:
            for member in self._members:
                for batch in self._read(member):
                    yield self._stage(member, batch, buckets)
            for rows in buckets.groups():
                yield from self._resolution.batches(rows, tuple(self._present))

    def facts(self) -> dict[str, Any]:
        """What was read of each source, and where they differed."""
        return {
            "rows_by_source": dict(self._rows),
            "merged": self._resolution.merged,
            "conflicts": dict(sorted(self._resolution.conflicts.items())),
            "left_out": tuple(self._left_out),
        }

    def _read(self, member: Member) -> Iterator[Batch]:
        for batch in read_batches(member.source, member.delimiter, member.wanted):
            member.check_names(batch)
            self._rows[member.name] += batch.rows.num_rows + len(batch.refused)
            self._present |= dict.fromkeys(member.present(batch))
            self._left_out |= dict.fromkeys(
                f"{member.name}.{name}" for name in batch.found if name not in member.wanted
            )
            yield replace(batch, file=member.title) if member.title else batch

    def _stage(self, member: Member, batch: Batch, buckets: Buckets) -> Batch:
        """Set rows down by key. What is left of the batch are those for which that can't be done."""
        rows = member.rows(batch)
        typed, reasons = self._contract.check(rows)
        staged = StagedRows(
            member.canonical(rows, typed), member.order, batch.file, batch.lines, member.ranks(rows, typed)
        )
        against = reasons if self._options.method == "union" else pa.nulls(rows.num_rows, pa.string())
        refused = {**staged.reasons(self._options), **_reasons(against)}
        bad = [
            Refused(reason, batch.origin(place), row_text(rows.slice(place, 1).to_pylist()[0]))
            for place, reason in sorted(refused.items())
        ]
        buckets.write(staged, [place for place in range(rows.num_rows) if place not in refused])
        nothing = rows.slice(0, 0)
        return replace(
            batch, rows=nothing, lines=(), found=tuple(self._present), refused=(*batch.refused, *bad), has_header=False
        )


def _reasons(reasons: pa.Array) -> dict[int, str]:
    places = pc.indices_nonzero(reasons.is_valid())
    return dict(zip(places.to_pylist(), reasons.take(places).to_pylist(), strict=True))
