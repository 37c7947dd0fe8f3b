"""What an ingest that goes on from a version must know of it: its counts, and the rows that more rows may change."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tasks.data.parts import PartWriter, part_files, read_parts
from tasks.data.version import Version
from tasks.ingest.contract.unique import KeyFile
from tasks.ingest.reading.batches import Refused
from tasks.ingest.second_pass import LONE_LABEL
from tasks.ingest.tally import EXAMPLES, Tally

Row = dict[str, object]


def resumed_tally(parent: Version, learns_classes: bool) -> Tally:
    """The counts of a version, as if its rows had just gone by. No column of its source is remembered."""
    tally = Tally(good=parent.manifest.rows_out)
    tally.reasons.update(parent.manifest.quarantined)
    tally.sides.update({str(side): count for side, count in _frequencies(parent, "split").items()})
    if learns_classes:
        tally.labels.update(_frequencies(parent, "label"))
        tally.label_origins.update(dict.fromkeys(tally.labels, parent.path.name))
    for row in _quarantined(parent):
        examples = tally.examples.setdefault(row.reason, [])
        if len(examples) < EXAMPLES:
            examples.append(row)
    return tally


def readmit(parent: Version, rows: PartWriter, keys: KeyFile | None, tally: Tally, lone_labels: bool) -> None:
    """Bring back what must be judged again with the new rows: unique values, and the only rows of their labels."""
    if keys:
        keys.write_parts(part_files(parent.rows))
    waiting = [row for row in _quarantined(parent) if row.reason == LONE_LABEL] if lone_labels else []
    if not waiting:
        return
    table = pa.Table.from_pylist([json.loads(row.content) for row in waiting], rows.schema)
    rows.write(table)
    for row, label in zip(waiting, table["label"].to_pylist(), strict=True):
        tally.label_origins[label] = row.origin
        if keys:
            file, _, line = row.origin.rpartition(":")
            keys.write(table.filter(pc.equal(table["label"], label)), file, pa.array([int(line)]))
    tally.good += len(waiting)
    tally.reasons[LONE_LABEL] -= len(waiting)
    tally.reasons += type(tally.reasons)()  # drops what fell to zero
    tally.examples.pop(LONE_LABEL, None)
    tally.sides.update(table["split"].to_pylist())
    tally.labels.update(table["label"].to_pylist())


def without_readmitted(rows: pa.Table) -> pa.Table:
    """Quarantined rows but those that `readmit` brings back."""
    return rows.filter(pc.not_equal(rows["refused"], LONE_LABEL))


def _quarantined(parent: Version) -> Iterator[Refused]:
    for rows in read_parts(parent.quarantine):
        for row in rows.to_pylist():
            yield Refused(row["refused"], row["origin"], row["content"])


def _frequencies(parent: Version, column: str) -> dict[object, int]:
    counts: dict[object, int] = {}
    for file in part_files(parent.rows):
        found = pc.value_counts(pq.read_table(file, columns=[column], partitioning=None)[column])
        for value, count in zip(found.field("values").to_pylist(), found.field("counts").to_pylist(), strict=True):
            counts[value] = counts.get(value, 0) + count
    return counts
