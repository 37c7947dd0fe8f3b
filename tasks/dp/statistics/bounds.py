"""Where a column's numbers may lie, as the user says: never as the data says."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from infra.errors import RecipeError

STEPS = 2**20
"""Steps from the middle of the bounds to either end, in which sums are counted."""


@dataclass(frozen=True)
class Bounds:
    """Numbers outside count as the nearer end.

    Raises:
        RecipeError: they are not two numbers with room between them.
    """

    low: float
    high: float

    def __post_init__(self) -> None:
        if not (self.low < self.high and math.isfinite(self.high - self.low)):
            raise RecipeError(
                "bounds",
                found=f"{self.low:g} to {self.high:g}",
                allowed="two finite numbers, the lower one first",
                action="Say where the column's numbers may lie, from what you know without the data.",
            )

    @property
    def middle(self) -> float:
        """Halfway: sums are taken from here, where one row moves them least."""
        return self.low + self.half

    @property
    def half(self) -> float:
        """Half the width."""
        return (self.high - self.low) / 2

    def edges(self, bins: int) -> NDArray[np.float64]:
        """The ends of bins of equal width, (bins + 1,)."""
        return np.linspace(self.low, self.high, bins + 1)

    def positions(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """The known numbers on a scale where the bounds are -1 and 1; a missing one, NaN, is left out."""
        known = np.clip(values[~np.isnan(values)], self.low, self.high)
        return np.clip((known - self.middle) / self.half, -1.0, 1.0)

    def places(self, values: NDArray[np.float64], bins: int) -> NDArray[np.int64]:
        """The bin of each known number, (n,)."""
        return np.minimum((self.positions(values) + 1) / 2 * bins, bins - 1).astype(np.int64)
