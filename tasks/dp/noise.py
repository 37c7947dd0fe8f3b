"""Gaussian noise for the sum of clipped gradients."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def standard_noise(size: int, random: np.random.Generator) -> NDArray[np.float32]:
    """Independent numbers of mean 0 and variance 1 (size,).

    They are drawn in 64 bits, whose tails are those of a Gaussian, and rounded to 32, in which sums of gradients are.
    Rounding is what the proof leaves out: it takes numbers for real ones (Mironov 2012).
    """
    return random.standard_normal(size).astype(np.float32)
