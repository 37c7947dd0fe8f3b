"""Columns of numbers, read without an error that tells of a row."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray


def floats(column: pa.ChunkedArray) -> NDArray[np.float64]:
    """Numbers or booleans as floats, (n,); a missing one is NaN, a whole number too great for a float is rounded."""
    whole = column.cast(pa.int8()) if pa.types.is_boolean(column.type) else column
    return np.asarray(whole.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False), np.float64)
