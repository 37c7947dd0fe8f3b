"""From files to the raw version of a data set: typed, checked, keyed, split; bad rows in quarantine with a reason."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from tasks.data.canonical import Columns, arrow_schema, canonical_table, row_hashes
from tasks.data.digest import file_digest, final_digest
from tasks.data.fingerprint import code_fingerprint
from tasks.data.manifest import Manifest, options_hash
from tasks.data.parts import PartWriter, part_files, read_parts
from tasks.data.references import DatasetRef, SourceRef
from tasks.data.reserved import ROW_COLUMNS
from tasks.data.split import content_keys, hash_split, subject_keys
from tasks.data.version import QUARANTINE, ROWS, writing
from tasks.ingest.config import IngestOptions, SourceColumns
from tasks.ingest.contract import Contract
from tasks.ingest.readers import Batch, Refused, read_batches, row_text
from tasks.ingest.samples import find_sample
from tasks.ingest.sources import source_names
from tasks.ingest.tally import Tally, check_tally

QUARANTINE_COLUMNS = {"refused": "string", "origin": "string", "content": "string"}
LONE_LABEL = "label: the only row of its label"
_UNSPLIT = "unsplit"


def source_columns(options: IngestOptions, source: SourceRef) -> SourceColumns:
    """The names of columns with a role: a sample knows its own."""
    return find_sample(source.sample).columns if source.sample else options.columns


def ingest(options: IngestOptions, source: SourceRef, into: Path) -> DatasetRef:
    """Write the raw version of `source` into the data set's folder `into`.

    Raises:
        SourceError: a file can't be read, or there is no row.
        DataError: a column is missing, too many rows are bad, or what remains can't be learned from.
        MachineError: `into` can't be written.
    """
    contract = Contract(options, source_columns(options, source))
    types = _row_types(contract)
    with writing(into) as draft:
        tally = _write_rows(options, source, contract, draft.path)
        check_tally(tally, options, source, contract.learns_classes)
        manifest = Manifest(
            digest=final_digest(types, map(file_digest, part_files(draft.path / ROWS))),
            columns=types,
            rows_in=tally.rows,
            rows_out=tally.good,
            quarantined=dict(sorted(tally.reasons.items())),
            sources=dict(zip(source_names(source.files), source.digests, strict=True)),
            left_out=tuple(name for name in tally.columns if name not in contract.wanted),
            recipe_hash=options_hash(options.model_copy(update={"path": ""})),  # `sources` tell what lay there
            code_hash=code_fingerprint([__name__]),
            engine="arrow",
        )
        return draft.publish(manifest)


def _row_types(contract: Contract) -> Columns:
    reserved = dict.fromkeys(ROW_COLUMNS, "string")
    return {**reserved, **{name: contract.types[name] for name in contract.payload}}


def _write_rows(options: IngestOptions, source: SourceRef, contract: Contract, folder: Path) -> Tally:
    tally = Tally()
    schema = arrow_schema(_row_types(contract))
    with PartWriter(folder / QUARANTINE, arrow_schema(QUARANTINE_COLUMNS)) as quarantine:
        with PartWriter(folder / ROWS, schema) as rows:
            for batch in read_batches(source, options.delimiter, contract.wanted):
                if batch.has_header:
                    contract.check_names(batch.found)
                tally.columns |= dict.fromkeys(batch.found)
                typed, reasons = contract.check(batch.rows)
                bad = [*batch.refused, *_broken(batch, reasons)]
                rows.write(_good_rows(options, contract, batch, canonical_table(typed), reasons, tally))
                quarantine.write(_refused_rows(bad, tally))
        if tally.columns:  # else there is no row, or none that can be read
            contract.check_names(tally.columns)
        if contract.learns_classes and "split" not in contract.types:
            _refuse_lone_labels(folder, schema, quarantine, tally)
    return tally


def _broken(batch: Batch, reasons: pa.Array) -> Iterator[Refused]:
    for place, reason in enumerate(reasons.to_pylist()):
        if reason:
            yield Refused(reason, batch.origin(place), row_text(batch.rows.slice(place, 1).to_pylist()[0]))


def _good_rows(
    options: IngestOptions, contract: Contract, batch: Batch, typed: pa.Table, reasons: pa.Array, tally: Tally
) -> pa.Table:
    """Rows as a version has them. `row_id` begins with a hash of the content, so rows sort the same from any file."""
    typed = typed.filter(pc.is_null(reasons))
    payload = typed.select(list(contract.payload))
    keys = subject_keys(typed["key"]) if "key" in contract.types else content_keys(payload)
    split = typed["split"] if "split" in contract.types else hash_split(keys, options.test_share)
    hashes = row_hashes(payload, payload.column_names)
    ids = [f"{row.hex()[:32]}-{tally.rows + place:012d}" for place, row in enumerate(hashes)]
    tally.good += len(ids)
    tally.sides.update(split.to_pylist())
    if contract.learns_classes:
        places = (place for place, reason in enumerate(reasons.to_pylist()) if reason is None)
        tally.label(payload["label"].to_pylist(), [batch.origin(place) for place in places])
    reserved = {"row_id": pa.array(ids, pa.string()), "key": keys, "split": split}
    return pa.table({**reserved, **{name: payload[name] for name in payload.column_names}})


def _refused_rows(bad: Sequence[Refused], tally: Tally) -> pa.Table:
    tally.refuse(bad)
    columns = [[row.reason for row in bad], [row.origin for row in bad], [row.content for row in bad]]
    arrays = [pa.array(column, pa.string()) for column in columns]
    return pa.table(dict(zip(QUARANTINE_COLUMNS, arrays, strict=True)))


def _refuse_lone_labels(folder: Path, schema: pa.Schema, quarantine: PartWriter, tally: Tally) -> None:
    """A hash puts the only row of a label on one side: it could be learned or tested, never both."""
    lone = [label for label, count in tally.labels.items() if count == 1 and label is not None]
    if not lone:
        return
    (folder / ROWS).rename(folder / _UNSPLIT)
    with PartWriter(folder / ROWS, schema) as rows:
        for table in read_parts(folder / _UNSPLIT):
            is_lone = pc.is_in(table["label"], pa.array(lone, schema.field("label").type))
            refused = table.filter(is_lone)
            rows.write(table.filter(pc.invert(is_lone)))
            texts = [row_text(row) for row in refused.to_pylist()]
            origins = [tally.label_origins[label] for label in refused["label"].to_pylist()]
            bad = [Refused(LONE_LABEL, origin, text) for origin, text in zip(origins, texts, strict=True)]
            quarantine.write(_refused_rows(bad, tally))
            tally.good -= len(bad)
            tally.sides.subtract(refused["split"].to_pylist())
            for label in refused["label"].to_pylist():
                del tally.labels[label]
    for file in part_files(folder / _UNSPLIT):
        file.unlink()
    (folder / _UNSPLIT).rmdir()
