"""Exact Jaccard similarity of pairs of rows, of their sets of shingles."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tasks.clean.near.sketches import Sketches
from tasks.clean.near.stages import Pairs

_PAIRS = 10_000  # whose shingles are in memory at a time


def similarities(sketches: Sketches, pairs: Pairs) -> npt.NDArray[np.float64]:
    """Shared shingles over all shingles of each pair."""
    parts = [_similarities(sketches, pairs[begin : begin + _PAIRS]) for begin in range(0, len(pairs), _PAIRS)]
    return np.concatenate([np.empty(0), *parts])


def _similarities(sketches: Sketches, pairs: Pairs) -> npt.NDArray[np.float64]:
    import polars as pl

    rows, places = np.unique(pairs, return_inverse=True)
    shingles = pl.Series("shingles", sketches.take(rows, ["shingles"])["shingles"])
    left, right = places.reshape(pairs.shape).T
    frame = pl.DataFrame({"left": shingles.gather(left), "right": shingles.gather(right)})
    shared = pl.col("left").list.set_intersection("right").list.len()
    union = pl.col("left").list.set_union("right").list.len()
    return frame.select(shared / union).to_series().to_numpy()
