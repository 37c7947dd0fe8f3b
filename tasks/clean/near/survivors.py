"""Which row of each component stays, and what becomes of the others."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tasks.clean.near.components import Files, members
from tasks.clean.near.hashing import Int64
from tasks.clean.near.similarity import similarities
from tasks.clean.near.sketches import RANK, Sketches
from tasks.clean.near.stages import Pairs, load_pairs

VERDICTS = pa.schema([("row_id", pa.string()), ("__kept", pa.string()), ("__likeness", pa.float64())])


def write_verdicts(sketches: Sketches, groups: Sequence[Files], folder: Path, group: int) -> None:
    """Write the rows to refuse of a group of components: each with the row that stays, and their similarity."""
    pairs = _refused(sketches, members(load_pairs(groups[group])))
    refused, kept = (_row_ids(sketches, rows) for rows in pairs.T)
    table = pa.table([refused, kept, pa.array(similarities(sketches, pairs))], schema=VERDICTS)
    handle, draft = tempfile.mkstemp(prefix=".", dir=folder)  # hidden from engines; another attempt may write too
    with os.fdopen(handle, "wb") as file:
        pq.write_table(table, file)
    Path(draft).replace(folder / f"{group:06d}.parquet")


def _refused(sketches: Sketches, links: Pairs) -> Pairs:
    """(row to refuse, row that stays): in a component test rows stay, and of the others the best if there is none."""
    import polars as pl

    roots = np.unique(links[:, 0])
    rows, labels = np.concatenate([roots, links[:, 1]]), np.concatenate([roots, links[:, 0]])
    order = np.argsort(rows)
    if not len(rows):
        return np.empty((0, 2), np.int64)
    ranks = pl.DataFrame(sketches.take(rows[order], RANK))
    frame = ranks.with_columns(row=pl.Series(rows[order]), label=pl.Series(labels[order]))
    ranked = frame.sort("label", "is_test", "weight", "row_id", descending=[False, True, True, False], nulls_last=True)
    kept = ranked.select(kept=pl.col("row").first().over("label")).to_series()
    refused = ranked.with_columns(kept=kept).filter(~pl.col("is_test") & (pl.col("row") != pl.col("kept")))
    return refused.select("row", "kept").to_numpy()


def _row_ids(sketches: Sketches, rows: Int64) -> pa.Array:
    if not len(rows):
        return pa.array([], pa.string())
    distinct, places = np.unique(rows, return_inverse=True)
    return sketches.take(distinct, ["row_id"])["row_id"].combine_chunks().take(pa.array(places))
