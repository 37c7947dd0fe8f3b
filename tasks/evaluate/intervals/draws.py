"""Bootstrap samples of rows, as how often each row was drawn (Efron 1979)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

Weights = NDArray[np.float32]
"""Rows by samples: how often each row counts."""
_CELLS = 1 << 21  # of a batch of samples: 8 MB
_SEED = 20_260_807


def draws(rows: int, resamples: int, seed: int = _SEED) -> Iterator[Weights]:
    """As many samples with replacement as asked for, in batches; the same ones for the same numbers.

    Two models that are compared on the same rows so have the same samples.
    """
    random = np.random.default_rng(seed)
    size = max(1, min(resamples, _CELLS // max(1, rows)))
    for start in range(0, resamples, size):
        count = min(size, resamples - start)
        cells = random.integers(0, rows, (count, rows), np.int32) + np.arange(count)[:, None] * rows
        drawn = np.bincount(cells.ravel(), minlength=count * rows).reshape(count, rows)
        yield np.ascontiguousarray(drawn.T, np.float32)
