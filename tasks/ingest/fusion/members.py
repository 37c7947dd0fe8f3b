"""One of several sources: how its columns are called, and its rows under the names that all sources share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

import pyarrow as pa
import pyarrow.compute as pc

from infra.errors import DataError
from tasks.data.references import SourceRef
from tasks.ingest.config import SOURCE, IngestOptions, SourceColumns, SourceOptions
from tasks.ingest.contract.contract import Contract
from tasks.ingest.reading.batches import Batch
from tasks.ingest.scale import Scale
from tasks.ingest.sources.samples import find_sample


@dataclass(frozen=True)
class Member:
    """One source.

    Attributes:
        title: what its rows are told to be from, where its file is only the copy of something.
        order: its place by preference, from 0, the one that stands where sources conflict.
        columns: its own name for each shared one.
        needed: shared names that it must have.
        missing: texts that mean a missing value, by shared name.
        scale: the order of `freshest_by`, one for all sources.
    """

    name: str
    source: SourceRef
    title: str
    delimiter: str
    order: int
    columns: dict[str, str]
    needed: tuple[str, ...]
    missing: dict[str, list[str]]
    freshest_by: str
    scale: Scale

    @cached_property
    def wanted(self) -> list[str]:
        """Columns to read, by its own names."""
        return list(dict.fromkeys(self.columns.values()))

    def present(self, batch: Batch) -> list[str]:
        """Shared names of the columns that a batch has."""
        return [name for name, column in self.columns.items() if column in batch.found]

    def check_names(self, batch: Batch) -> None:
        """See that the source has the columns that it must have.

        Raises:
            DataError: it lacks one.
        """
        absent = [name for name in self.needed if batch.has_header and self.columns[name] not in batch.found]
        if absent:
            raise DataError(
                f"column {self.columns[absent[0]]!r} of source {self.name} (for {absent[0]})",
                found=f"only the columns {', '.join(batch.found)}",
                allowed="a source that has every column of the contract and of fusion",
                action="Name it in the source's columns or rename.",
            )

    def rows(self, batch: Batch) -> pa.Table:
        """The batch's rows as texts under the shared names, null where the source has no such column."""
        found, count = batch.rows.column_names, batch.rows.num_rows
        texts = {
            name: batch.rows[column] if column in found else pa.nulls(count, pa.string())
            for name, column in self.columns.items()
        }
        return pa.table({**texts, SOURCE: pa.repeat(pa.scalar(self.name, pa.string()), count)})

    def canonical(self, rows: pa.Table, typed: pa.Table) -> pa.Table:
        """One spelling for equal values: that of their type. Missing ones are null, and what has no such type stays."""
        columns = {}
        for name in rows.column_names:
            missing = pc.is_in(rows[name], pa.array(self.missing.get(name, [""]), pa.string()))
            texts = pc.if_else(missing, pa.scalar(None, pa.string()), rows[name])
            if name in typed.column_names:
                texts = pc.coalesce(typed[name].cast(pa.string()), texts)
            columns[name] = texts
        return pa.table(columns)

    def ranks(self, rows: pa.Table, typed: pa.Table) -> list[tuple[Decimal | None, bool]]:
        """How fresh each row is, if that is asked for, and whether what it says of it can be read."""
        if not self.freshest_by:
            return []
        texts: Sequence[str | None] = self.canonical(rows.select([self.freshest_by]), typed)[0].to_pylist()
        ranks = [self.scale.rank(text) for text in texts]
        return [(rank, rank is not None or not text) for rank, text in zip(ranks, texts, strict=True)]


def find_members(options: IngestOptions, source: SourceRef, contract: Contract) -> list[Member]:
    """The sources of a recipe with their files, in the order in which the recipe names them."""
    fusion = options.fusion
    keyed = dict.fromkeys([*fusion.on, *([fusion.freshest_by] if fusion.freshest_by else [])])
    names = dict.fromkeys([*(name for name in contract.wanted if name != SOURCE), *keyed])
    required = [c.source for c in contract.columns if not c.contract.nullable and c.source != SOURCE]
    preferred = sorted(options.sources, key=lambda place: -place.priority)
    scale = Scale(fusion.freshest_by)
    return [
        Member(
            name=place.name,
            source=part,
            title=part.names[0] if place.sql.is_given else "",
            delimiter=place.delimiter,
            order=preferred.index(place),
            columns={name: _own_name(name, place) for name in names},
            needed=tuple(keyed) if fusion.method == "join" else tuple(dict.fromkeys([*keyed, *required])),
            missing={c.source: c.contract.missing for c in contract.columns},
            freshest_by=fusion.freshest_by,
            scale=scale,
        )
        for place, (_, part) in zip(options.sources, source.member_sources(), strict=True)
    ]


def _own_name(name: str, place: SourceOptions) -> str:
    renamed = {item.to: item.column for item in place.rename}
    roles = find_sample(place.sample).columns if place.sample and not place.path else place.columns
    role = getattr(roles, name) if name in SourceColumns.model_fields else ""
    return renamed.get(name) or role or name
