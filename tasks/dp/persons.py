"""How many rows of one person are learned from."""

from __future__ import annotations

import hashlib

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from infra.errors import DataError


def bounded(rows: pa.Table, user: str, most: int, seed: int) -> pa.Table:
    """The table with at most so many rows of each person, in its order.

    Which of a person's rows stay hangs on the seed and on their `row_id`, a hash of content, alone: so one person
    more or less changes nothing in which rows of others are learned from.

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
    draws = np.array([_draw(name, seed) for name in rows["row_id"].to_pylist()], dtype="S16")
    order = np.lexsort((draws, persons))
    grouped = persons[order]
    starts = np.flatnonzero(np.r_[True, grouped[1:] != grouped[:-1]])
    place = np.arange(len(order)) - np.repeat(starts, np.diff(np.r_[starts, len(order)]))
    return rows.take(pa.array(np.sort(order[place < most])))


def count_persons(rows: pa.Table, user: str) -> int:
    """How many there are."""
    return int(pc.count_distinct(rows[user]).as_py())


def _draw(row: str, seed: int) -> bytes:
    return hashlib.sha256(f"{seed} {row}".encode()).digest()[:16]
