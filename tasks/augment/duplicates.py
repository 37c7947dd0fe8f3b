"""New rows that say what another row says: of several new ones one stays, the same whatever their order."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tasks.augment.plan import stable_hashes
from tasks.augment.survey import Texts


def copies(known: Texts, made: Texts) -> pa.Array:
    """For each new row the `row_id` of the row that has its text and stays; null if it stays itself.

    A known row stays before all new ones, and of new ones that whose `row_id` hashes lowest.
    """
    row_ids = pa.chunked_array([*known.row_ids.chunks, *made.row_ids.chunks], pa.string())
    hashes = np.concatenate([known.hashes, made.hashes])
    is_new = np.arange(len(hashes)) >= len(known.hashes)
    ranks = stable_hashes(row_id for chunk in row_ids.chunks for row_id in chunk.to_pylist())
    order = np.lexsort((ranks, is_new, hashes))
    is_first = np.ones(len(order), bool)
    is_first[1:] = hashes[order[1:]] != hashes[order[:-1]]
    stays = np.empty(len(hashes), np.int64)
    stays[order] = order[np.maximum.accumulate(np.where(is_first, np.arange(len(order)), 0))]
    mine = stays[len(known.hashes) :]
    is_copy = mine != np.arange(len(known.hashes), len(hashes))
    names = row_ids.take(pa.array(mine)).combine_chunks()
    return pc.if_else(pa.array(is_copy), names, pa.scalar(None, pa.string()))
