"""From files to the raw version of a data set: typed, checked, keyed, split; bad rows in quarantine with a reason."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from infra.progress import Progress, report
from tasks.data.canonical import Columns, arrow_schema, canonical_table
from tasks.data.digest import final_digest
from tasks.data.fingerprint import code_fingerprint
from tasks.data.manifest import Manifest, options_hash
from tasks.data.parts import PartWriter, part_digest, part_files
from tasks.data.prefetch import prefetched
from tasks.data.references import DatasetRef, SourceRef
from tasks.data.reserved import ROW_COLUMNS
from tasks.data.version import QUARANTINE, ROWS, Version, open_version, reference, writing
from tasks.ingest.config import SOURCE, IngestOptions, SourceColumns
from tasks.ingest.contract.contract import Contract
from tasks.ingest.contract.unique import key_file
from tasks.ingest.feed import Feed, open_feed
from tasks.ingest.findings import Show, show_nobody, tell_drift, tell_failures
from tasks.ingest.fusion.fusion import fused_contract, without_losers
from tasks.ingest.increment.increment import link_parts, remember
from tasks.ingest.increment.resume import readmit, resumed_tally
from tasks.ingest.quarantine import QUARANTINE_COLUMNS, broken_rows, refused_rows
from tasks.ingest.reading.batches import Batch
from tasks.ingest.rows import good_rows
from tasks.ingest.second_pass import refuse_by_others
from tasks.ingest.sources.samples import find_sample
from tasks.ingest.sources.sources import source_names
from tasks.ingest.tally import Tally, check_tally


def source_columns(options: IngestOptions, source: SourceRef) -> SourceColumns:
    """The names of columns with a role: a sample knows its own."""
    return find_sample(source.sample).columns if source.sample else options.columns


def ingest(
    options: IngestOptions,
    source: SourceRef,
    into: Path,
    previous: Path | None = None,
    show: Show = show_nobody,
    base: DatasetRef | None = None,
) -> DatasetRef:
    """Write the raw version of `source` into the data set's folder `into`.

    Args:
        base: a version whose rows the new one has too; `source` holds what came since. Where that is nothing, `base` is
            the result.
        previous: the version to compare with, if there is one.
        show: is given the tables of rows that broke the contract and of columns that drifted, also if the run stops.

    Raises:
        SourceError: a file can't be read, or there is no row.
        DataError: a column is missing, too many rows are bad, what remains can't be learned from, or it drifted.
        MachineError: `into` can't be written.
    """
    parent = open_version(base) if base else None
    if parent and not source.files:
        return reference(parent)
    contract = fused_contract(options) if options.sources else Contract(options, source_columns(options, source))
    with writing(into) as draft:
        feed = open_feed(options, source, contract, draft.path, parent)
        tally = _write_rows(options, feed, contract, draft.path, parent)
        if parent and tally.rows == parent.manifest.rows_in:
            return reference(parent)
        tell_failures(tally, contract, draft.path, show)
        check_tally(without_losers(tally), options, source, contract.learns_classes)
        if parent:
            link_parts(parent, draft.path, _lone_labels(contract))
            tally.columns = dict.fromkeys([*parent.manifest.left_out, *tally.columns])
        tell_drift(contract, tally, draft.path, previous, options, show)
        origins = _origins(source, parent)
        ref = draft.publish(_manifest(options, contract, tally, draft.path, **origins, **feed.facts()))
    remember(options, ref, into)
    return ref


def _origins(source: SourceRef, parent: Version | None) -> dict[str, Any]:
    """Where the rows came from: files, and the version that they were added to."""
    files = dict(zip(source.names or source_names(source.files), source.digests, strict=True))
    if parent is None:
        return {"sources": files}
    return {"sources": parent.manifest.sources | files, "parents": (parent.manifest.digest,)}


def _manifest(options: IngestOptions, contract: Contract, tally: Tally, folder: Path, **facts: Any) -> Manifest:
    types = _row_types(contract)
    left_out = tuple(name for name in tally.columns if name not in contract.wanted)
    return Manifest(
        digest=final_digest(types, map(part_digest, part_files(folder / ROWS))),
        columns=types,
        rows_in=tally.rows + facts.get("merged", 0),
        rows_out=tally.good,
        quarantined=dict(sorted(tally.reasons.items())),
        recipe_hash=options_hash(options.without_places()),  # `sources` tell what lay there
        code_hash=code_fingerprint([__name__]),
        engine="arrow",
        **({"left_out": left_out} | facts),
    )


def _lone_labels(contract: Contract) -> bool:
    """Whether the only row of a label is of no use: it could be learned or tested, never both."""
    return contract.learns_classes and "split" not in contract.types


def _row_types(contract: Contract) -> Columns:
    reserved = dict.fromkeys(ROW_COLUMNS, "string")
    return {**reserved, **{name: contract.types[name] for name in contract.payload}}


def _write_rows(options: IngestOptions, feed: Feed, contract: Contract, folder: Path, parent: Version | None) -> Tally:
    tally = resumed_tally(parent, contract.learns_classes) if parent else Tally()
    known_rows, lone_labels = tally.good, _lone_labels(contract)
    not_inputs = (SOURCE,) if options.sources else ()
    schema = arrow_schema(_row_types(contract))
    with (
        PartWriter(folder / QUARANTINE, arrow_schema(QUARANTINE_COLUMNS)) as quarantine,
        key_file(folder / "keys.arrow", contract.unique) as keys,
    ):
        with PartWriter(folder / ROWS, schema, digested=True) as rows:
            if parent:
                readmit(parent, rows, keys, tally, lone_labels)
            for batch, typed, reasons in prefetched(_checked(feed, contract)):
                if batch.has_header:
                    contract.check_names(batch.found)
                tally.columns |= dict.fromkeys(batch.found)
                bad = [*batch.refused, *broken_rows(batch, reasons)]
                good, hashes = good_rows(contract, batch, typed, reasons, tally, options.test_share, not_inputs)
                rows.write(good, hashes)
                if keys:
                    keys.write(good, batch.file, pa.array(batch.lines).filter(pc.is_null(reasons)))
                quarantine.write(refused_rows(bad, tally))
                report(Progress("ingest", 0.0, 1.0, f"{tally.rows:,} rows, now of {batch.file or 'several files'}"))
        if tally.columns:  # else there is no row, or none that can be read
            contract.check_names(tally.columns)
        refuse_by_others(folder / ROWS, keys, lone_labels, quarantine, tally, known_rows)
    return tally


def _checked(feed: Feed, contract: Contract) -> Iterator[tuple[Batch, pa.Table, pa.Array]]:
    for batch in feed.batches():
        typed, reasons = contract.check(batch.rows)
        yield batch, canonical_table(typed), reasons
