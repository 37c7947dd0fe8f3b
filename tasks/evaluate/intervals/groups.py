"""Sums of weights over groups of rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tasks.evaluate.intervals.draws import Weights

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Values = NDArray[np.float64]
Places = NDArray[np.int64]


def groups(of: Places, count: int, counted: NDArray[np.bool_] | None = None) -> csr_array:
    """A matrix, groups by rows, that sums weights: row i counts for group `of[i]`, if it is `counted`."""
    from scipy.sparse import csr_array

    rows = np.arange(len(of)) if counted is None else np.flatnonzero(counted)
    ones = np.ones(len(rows), np.float32)
    return csr_array((ones, (of[rows], rows)), shape=(count, len(of)))


def sums(matrix: csr_array, weights: Weights) -> Values:
    """Groups by samples. Sums are whole numbers: exact in float32 below 2^24 rows."""
    return np.asarray(matrix @ weights, np.float64)
