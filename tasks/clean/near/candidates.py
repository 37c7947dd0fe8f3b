"""Pairs that share a band, in numbers that grow with the rows and not with their square."""

from __future__ import annotations

import numpy as np

from tasks.clean.near.hashing import Int64, UInt64
from tasks.clean.near.sketches import Sketches, band_name
from tasks.clean.near.stages import Pairs, distinct


def candidate_pairs(sketches: Sketches, band: int, turn: int, turns: int) -> Pairs:
    """Pairs of rows whose hashes of a band are equal: a bucket. `turn` of `turns` looks at a share of the buckets.

    In a bucket each row is paired with the first one, and with the one before it, in an order that is random and the
    same in all bands and on all engines. So a bucket of n rows gives fewer than 2n pairs, and one of three gives all.
    Of what a larger one leaves out most is found in other bands, whose buckets differ.
    """
    hashes = sketches.column(band_name(band))
    rows = np.flatnonzero(hashes % np.uint64(turns) == turn) if turns > 1 else np.arange(len(hashes))
    rows = _in_company(rows, hashes[rows])
    order = sketches.column("order")[rows]
    rows = rows[np.lexsort((rows, order, hashes[rows]))]
    hashes = hashes[rows]
    is_first = np.diff(hashes, prepend=~hashes[:1]) != 0
    first = rows[np.maximum.accumulate(np.where(is_first, np.arange(len(rows)), 0))]
    later = np.flatnonzero(~is_first)
    ends = np.concatenate([first[later], rows[later - 1]])
    pairs = np.sort(np.stack([ends, np.tile(rows[later], 2)], axis=1), axis=1)
    return distinct(pairs)


def _in_company(rows: Int64, hashes: UInt64) -> Int64:
    """The rows whose hash another one has."""
    order = np.argsort(hashes)
    equal = np.diff(hashes[order]) == 0
    return rows[order[np.append(equal, False) | np.insert(equal, 0, False)]] if len(rows) else rows
