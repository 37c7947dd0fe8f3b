"""A contract proposed from a file: what all of its rows keep to, with room for what the next file may bring.

Rules, each for a person to judge:
- A column is an integer, a number or a boolean if all of its values are; a code such as 01234 stays a string.
- Marks such as `?` and `NA` mean a missing value; `-`, `.` and `none` only among numbers.
- A range reaches a tenth of its width beyond both ends, rounded outward to three digits, or to whole numbers
  for integers, and not across zero.
- A pattern is proposed where all values are dates, times, UUIDs, e-mail addresses, URLs or IPv4 addresses.
- Other strings with at most 50 values, each met ten times on average, are a list of allowed values.
- Lengths: the same for all where all are equal, else at most twice the longest.
- A column of at least 20 rows whose values all differ is unique; numbers with a fraction are not.
"""

from __future__ import annotations

import math
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from infra.errors import SourceError
from infra.progress import Progress, report
from tasks.data.references import SourceRef
from tasks.data.reserved import RESERVED
from tasks.ingest.config import ColumnContract, IngestOptions
from tasks.ingest.contract.observation import DIGITS, MARKS, PATTERNS, TEXT_MARKS, Observation
from tasks.ingest.contract.proposal import NOT_IN_CONTRACTS, Proposal
from tasks.ingest.contract.unique import KeyFile, key_file
from tasks.ingest.names import problem_of
from tasks.ingest.reading.batches import Batch
from tasks.ingest.reading.readers import read_batches
from tasks.ingest.sources.sources import resolve, without_userinfo

if TYPE_CHECKING:
    import polars as pl

_MARGIN = 0.1
_ROWS_PER_VALUE = 10
_LONGEST_VALUE = 100
_FEWEST_ROWS = 20
_HUGE = 1e308  # rounded outward it could pass the largest float


def locate_file(path: str, delimiter: str = ",") -> SourceRef:
    """The files at a path of which no contract is known yet.

    Raises:
        SourceError: there is none, or none that can be read.
    """
    return resolve(IngestOptions(path=path, delimiter=delimiter, contract=[ColumnContract(name="unknown")]))


def infer(source: SourceRef, delimiter: str = ",", most_rows: int = 0) -> Proposal:
    """The contract that the first `most_rows` rows of a source keep to; 0: all rows. Streams.

    Raises:
        SourceError: a file can't be read, or it has no row.
    """
    found = _column_names(source, delimiter)
    names = [name for name in found if not problem_of(name)]
    seen = {name: Observation(name) for name in names}
    rows, is_whole, unreadable = 0, True, Counter[str]()
    with tempfile.TemporaryDirectory() as folder, key_file(Path(folder) / "keys", tuple((n,) for n in names)) as keys:
        for batch in read_batches(source, delimiter, names):
            room = most_rows - rows if most_rows else len(batch.lines)
            _see(batch, names, seen, keys, room)
            rows += min(len(batch.lines), room)
            unreadable.update(row.reason for row in batch.refused)
            report(Progress("infer", 0.0, 1.0, f"{rows:,} rows"))
            if room < len(batch.lines):
                is_whole = False
                break
        differing = {name for n, name in enumerate(names) if keys and seen[name].differs and not keys.repeats(n)}
    report(Progress("infer", 1.0, 1.0, f"{rows:,} rows"))
    if not rows:
        raise _no_row(source)
    columns, contract, left_out = _propose(seen, differing)
    left_out |= {name: problem_of(name) for name in found if name not in names}
    return Proposal(rows, is_whole, contract, columns, left_out, unreadable)


def _column_names(source: SourceRef, delimiter: str) -> list[str]:
    """Columns of the first rows; of jsonl those of its first batch."""
    first = next(read_batches(source, delimiter, []), None)
    if first is None:
        raise _no_row(source)
    return list(first.found)


def _see(batch: Batch, names: Sequence[str], seen: Mapping[str, Observation], keys: KeyFile | None, room: int) -> None:
    """Look at the first rows of a batch for which there is room."""
    import polars as pl

    rows = min(len(batch.lines), room)  # a file may have none of the columns, and a table of none has no rows
    table = batch.rows.slice(0, rows)
    columns = {
        name: pl.Series(name, pl.from_arrow(table.column(name)), dtype=pl.String)
        if name in table.column_names
        else pl.Series(name, [None] * rows, dtype=pl.String)
        for name in names
    }
    for name, texts in columns.items():
        seen[name].see(texts)
    if keys and rows:
        hashed = pl.DataFrame([_hashable(texts, seen[name]) for name, texts in columns.items()])
        keys.write(hashed.to_arrow(), batch.file, pa.array(batch.lines)[:rows])


def _hashable(texts: pl.Series, seen: Observation) -> pl.Series:
    """A column that repeats itself within a batch needs no hashes; a missing value repeats nothing."""
    import polars as pl

    if not seen.differs:
        return pl.repeat(None, len(texts), dtype=pl.String, eager=True).alias(texts.name)
    return texts.set(texts.is_in(TEXT_MARKS), None)


def _propose(
    seen: Mapping[str, Observation], differing: set[str]
) -> tuple[dict[str, str], tuple[ColumnContract, ...], dict[str, str]]:
    """Roles of columns with reserved names, contracts of the others, and names that nothing can have."""
    roles = {name: name for name in NOT_IN_CONTRACTS if name in seen and _can_be(name, seen[name])}
    left_out = {name: "a name that Lepton uses itself" for name in seen if name in RESERVED and name not in roles}
    others = [one for name, one in seen.items() if name not in roles and name not in left_out]
    return roles, tuple(_column(one, one.name in differing) for one in others), left_out


def _can_be(role: str, seen: Observation) -> bool:
    if seen.missing(("",)):
        return False
    return role == "key" or (seen.values is not None and seen.values.keys() <= {"train", "test"})


def _column(seen: Observation, differs: bool) -> ColumnContract:
    has_values = seen.missing(MARKS) < seen.rows
    kind = next(iter(seen.types), "string") if has_values else "string"
    marks = TEXT_MARKS if kind == "string" else MARKS
    missing = seen.missing(marks)
    found: dict[str, Any] = {
        "name": seen.name,
        "type": kind,
        "nullable": bool(missing),
        "missing": ["", *(mark for mark in marks if mark and seen.marks[mark])],
        "unique": differs and seen.rows - missing >= _FEWEST_ROWS and kind in ("integer", "string"),
    }
    if kind in ("integer", "number"):
        low, high = _range(seen.low, seen.high)
        found["minimum"], found["maximum"] = (low, high) if kind == "number" else (math.floor(low), math.ceil(high))
    elif kind == "string" and missing < seen.rows:
        found |= _text_rules(seen, seen.rows - missing)
    return ColumnContract.model_validate(found)


def _text_rules(seen: Observation, filled: int) -> dict[str, Any]:
    """A pattern that says what the values are, else all of them, else digits or just a length."""
    pattern = next(iter(seen.patterns), "")
    is_list = seen.values and seen.longest <= _LONGEST_VALUE and filled >= _ROWS_PER_VALUE * len(seen.values)
    if is_list and pattern in ("", DIGITS):
        return {"allowed": sorted(seen.values or ())}
    lengths = {"minimum_length": seen.shortest, "maximum_length": seen.longest}
    if seen.shortest < seen.longest:
        lengths = {"maximum_length": 2 * seen.longest}
    return {"pattern": PATTERNS[pattern], **lengths} if pattern else lengths


def _range(low: float, high: float) -> tuple[float, float]:
    """A tenth of the width beyond both ends; where there is no width, of the value, or one if that is zero."""
    margin = _MARGIN * ((high - low) or abs(low) or 1 / _MARGIN)
    below = _outward(low - margin, down=True)
    above = _outward(high + margin, down=False)
    return max(below, 0.0) if low >= 0 else below, min(above, 0.0) if high <= 0 > low else above


def _outward(value: float, down: bool) -> float:
    """Rounded to three digits, away from the range."""
    if not value:
        return value
    if abs(value) >= _HUGE:
        return math.copysign(sys.float_info.max if (value < 0) == down else _HUGE, value)
    step = 10.0 ** (math.floor(math.log10(abs(value))) - 2)
    steps = round(value / step, 6)  # 420.00000000000006 is 420
    return float(f"{(math.floor(steps) if down else math.ceil(steps)) * step:.10g}")


def _no_row(source: SourceRef) -> SourceError:
    name = without_userinfo(source.files[0])
    return SourceError(f"source {name}", found="no row", allowed="at least one row", action="Check what wrote it.")
