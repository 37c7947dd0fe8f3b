"""What comes out of a query: numbers with noise, and how far off the noise may have put them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tasks.dp.statistics.noise import Noise

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Release:
    """Numbers with noise, (n,), each with an interval.

    Attributes:
        low, high: where each number lies without its noise, with confidence 0.95, taken for itself. What sampling
            people for the data set adds is not in it.
        scale: of the noise that was drawn: Laplace's b, or the deviation; in rows for counts, in the column's unit for
            sums, in rows of each node for quantiles.
    """

    values: Floats
    low: Floats
    high: Floats
    scale: float


def counted(values: Floats, noise: Noise) -> Release:
    """Noisy counts, one of which a row is in."""
    margin = noise.margin()
    return Release(values, values - margin, values + margin, noise.scale())
