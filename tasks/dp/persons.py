"""How many rows of one person are learned from."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from infra.errors import DataError


def bounded(rows: pa.Table, user: str, most: int, seed: int) -> pa.Table:
    """The table with at most so many rows of each person, in its order.

    Which of a person's rows stay hangs on the seed and on what they hold, alone: so one person more or less changes
    nothing in which rows of others are learned from. A `row_id` would not do, for a row's number in its source is in
    it. Rows that hold the same are one as good as the other.

    Args:
        user: column that says whose a row is.

    Raises:
        DataError: some rows don't say whose they are.
    """
    if rows[user].null_count:
        raise DataError(
            f"train.privacy.user {user}",
            found=f"{rows[user].null_count} of {rows.num_rows} train rows that don't say whose they are",
            allowed="a person for each row: those rows could all be one's",
            action="Drop them by a cleaning rule, such as drop_missing.",
        )
    persons = pc.rank(rows[user], tiebreaker="dense").to_numpy()
    content = rows.drop_columns(["row_id"]).to_pylist()
    draws = np.array([_draw(row, seed) for row in content], dtype="S32")
    order = np.lexsort((draws, persons))
    grouped = persons[order]
    starts = np.flatnonzero(np.r_[True, grouped[1:] != grouped[:-1]])
    place = np.arange(len(order)) - np.repeat(starts, np.diff(np.r_[starts, len(order)]))
    return rows.take(pa.array(np.sort(order[place < most])))


def count_persons(rows: pa.Table, user: str) -> int:
    """How many there are."""
    return int(pc.count_distinct(rows[user]).as_py())


def _draw(row: Mapping[str, Any], seed: int) -> str:
    return hashlib.sha256(f"{seed} {sorted(row.items())!r}".encode()).hexdigest()[:32]
