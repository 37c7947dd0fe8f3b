"""A file held against a contract, without making a data set of it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from infra.progress import Progress, report
from tasks.data.references import SourceRef
from tasks.ingest.config import IngestOptions
from tasks.ingest.contract.contract import Contract
from tasks.ingest.contract.unique import key_file
from tasks.ingest.quarantine import broken_rows
from tasks.ingest.reading.batches import Batch, Refused, row_text
from tasks.ingest.reading.readers import read_batches
from tasks.ingest.tally import EXAMPLES, Tally

if TYPE_CHECKING:
    import polars as pl


def check(options: IngestOptions, source: SourceRef, contract: Contract) -> Tally:
    """Count the rows that break a contract, as an ingest would; what only a data set must hold is not looked at.

    Raises:
        SourceError: a file can't be read.
        DataError: a column is missing.
    """
    tally = Tally()
    with tempfile.TemporaryDirectory() as folder, key_file(Path(folder) / "keys", contract.unique) as keys:
        for batch, typed, reasons in _checked(options, source, contract):
            if batch.has_header:
                contract.check_names(batch.found)
            tally.columns |= dict.fromkeys(batch.found)
            tally.refuse([*batch.refused, *broken_rows(batch, reasons)])
            tally.good += reasons.null_count
            if keys:
                is_good = pc.is_null(reasons)
                keys.write(typed.filter(is_good), batch.file, pa.array(batch.lines).filter(is_good))
            report(Progress("check", 0.0, 1.0, f"{tally.rows:,} rows"))
        if tally.columns:
            contract.check_names(tally.columns)
        if keys:
            _refuse_repeated(options, source, contract, keys.repeated(), tally)
    report(Progress("check", 1.0, 1.0, f"{tally.rows:,} rows"))
    return tally


def _checked(
    options: IngestOptions, source: SourceRef, contract: Contract
) -> Iterator[tuple[Batch, pa.Table, pa.Array]]:
    for batch in read_batches(source, options.delimiter, contract.wanted):
        yield batch, *contract.check(batch.rows)


def _refuse_repeated(
    options: IngestOptions, source: SourceRef, contract: Contract, repeated: pl.DataFrame, tally: Tally
) -> None:
    """Count rows with values that must be unique and came before; what the first ones said is read once more."""
    import polars as pl

    if repeated.is_empty():
        return
    shown = repeated.filter(pl.int_range(pl.len()).over("reason") < EXAMPLES)
    contents = _contents(options, source, contract, set(shown["position"]))
    tally.refuse([Refused(reason, origin, contents[position]) for position, reason, origin in shown.rows()])
    counts = dict(repeated.group_by("reason").len().rows())
    tally.reasons.update({reason: count - min(count, EXAMPLES) for reason, count in counts.items()})
    tally.good -= len(repeated)


def _contents(options: IngestOptions, source: SourceRef, contract: Contract, positions: set[int]) -> dict[int, str]:
    """The rows at some positions among the good ones."""
    found: dict[int, str] = {}
    start = 0
    for batch, _, reasons in _checked(options, source, contract):
        good = batch.rows.filter(pc.is_null(reasons))
        for position in sorted(positions - found.keys()):
            if start <= position < start + good.num_rows:
                found[position] = row_text(good.slice(position - start, 1).to_pylist()[0])
        start += good.num_rows
        if len(found) == len(positions):
            break
    return found
