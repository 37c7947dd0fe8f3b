"""What no single row tells is looked for once all rows are written; parts with such rows are written again without.

Rows are named by their position among all rows of the version, in the order in which they were written.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from infra.progress import Progress, report
from tasks.data.parts import PartWriter, part_files
from tasks.ingest.contract.unique import KeyFile
from tasks.ingest.quarantine import refused_rows
from tasks.ingest.reading.batches import Refused, row_text
from tasks.ingest.tally import Tally

if TYPE_CHECKING:
    import polars as pl

LONE_LABEL = "label: the only row of its label"
_REWRITTEN = "rewritten"


def refuse_by_others(
    rows: Path, keys: KeyFile | None, lone_labels: bool, quarantine: PartWriter, tally: Tally, known_rows: int = 0
) -> None:
    """Take out rows that other rows speak against, and count them.

    Those whose values must be unique and came before; and with `lone_labels` the only row of a label: a hash puts it
    on one side of the split, so it could be learned or tested, never both.

    Args:
        rows: the folder with the parts of the rows in `keys`, less the `known_rows` that came first and lie elsewhere.
        keys: the hashes of what must be unique, if anything must.
    """
    import polars as pl

    schema = {"position": pl.Int64, "reason": pl.String, "origin": pl.String}
    report(Progress("ingest", 0.0, 1.0, f"{tally.rows:,} rows read, comparing them"))
    refused = keys.repeated().select(schema.keys()) if keys else pl.DataFrame(schema=schema)
    if lone_labels:
        refused = pl.concat([refused, _lone(rows, refused, tally, known_rows)]).sort("position")
    start = known_rows
    for part in part_files(rows):
        count = pq.read_metadata(part).num_rows
        low, high = (refused["position"].search_sorted(position, "left") for position in (start, start + count))
        if high > low:
            _withdraw(part, refused.slice(low, high - low), start, quarantine, tally)
        start += count


def _lone(rows: Path, repeated: pl.DataFrame, tally: Tally, known_rows: int) -> pl.DataFrame:
    """The only rows of their labels, once the repeated ones are gone."""
    import polars as pl

    labels = pl.scan_parquet(part_files(rows)).select("label").with_row_index("position", known_rows)
    labels = labels.with_columns(pl.col("position").cast(pl.Int64))
    gone = labels.join(repeated.lazy(), on="position", how="semi").collect(engine="streaming")
    counts = tally.labels - Counter(gone["label"].to_list())
    lone = [label for label, count in counts.items() if count == 1 and label is not None]
    single = labels.filter(pl.col("label").is_in(lone)).join(repeated.lazy(), on="position", how="anti")
    found = single.collect(engine="streaming") if lone else gone.clear()
    origins = [tally.label_origins[label] for label in found["label"]]
    return found.select("position", reason=pl.lit(LONE_LABEL), origin=pl.Series(origins, dtype=pl.String))


def _withdraw(part: Path, refused: pl.DataFrame, start: int, quarantine: PartWriter, tally: Tally) -> None:
    import numpy as np

    table = pq.read_table(part, partitioning=None)
    places = refused["position"].to_numpy() - start
    is_kept = np.ones(table.num_rows, dtype=bool)
    is_kept[places] = False
    _quarantine(table.take(pa.array(places)), refused, quarantine, tally)
    _rewrite(part, table.filter(pa.array(is_kept)))


def _quarantine(table: pa.Table, refused: pl.DataFrame, quarantine: PartWriter, tally: Tally) -> None:
    pairs: Sequence[tuple[str, str]] = refused.select("reason", "origin").rows()
    bad = [Refused(*pair, row_text(row)) for pair, row in zip(pairs, table.to_pylist(), strict=True)]
    quarantine.write(refused_rows(bad, tally))
    tally.good -= len(bad)
    tally.sides.subtract(table["split"].to_pylist())
    if tally.labels:
        tally.labels -= Counter(table["label"].to_pylist())


def _rewrite(part: Path, kept: pa.Table) -> None:
    """Give the part's name to a file with these rows. A version that shares the old file by a link keeps it."""
    folder = part.parent / _REWRITTEN
    with PartWriter(folder, kept.schema, digested=True) as writer:
        writer.write(kept)
    (written,) = part_files(folder)
    written.replace(part)
    folder.rmdir()
