"""One row as a game: its parts are the players, and the model's output for some of them is what they are worth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Masks = NDArray[np.bool_]
"""Which parts are there: coalitions by parts."""
Values = NDArray[np.float64]


@dataclass(frozen=True)
class Game:
    """What is explained of one row.

    Attributes:
        parts, values: name of each part, and what it holds; of a text words, which hold nothing.
        explained: the output that is explained, in words.
        play: coalitions of parts to the output of each.
    """

    parts: tuple[str, ...]
    values: tuple[str, ...]
    explained: str
    play: Callable[[Masks], Values]
    _known: dict[bytes, float] = field(default_factory=dict, repr=False, compare=False)

    def worth(self, masks: Masks) -> Values:
        """The output of each coalition; one that was asked about before is not played again."""
        keys = [mask.tobytes() for mask in masks]
        new = {key: place for place, key in enumerate(keys) if key not in self._known}
        if new:
            told = self.play(masks[list(new.values())])
            self._known.update(zip(new, told.tolist(), strict=True))
        return np.array([self._known[key] for key in keys])

    @property
    def output(self) -> float:
        """What the model gives for the row as it is."""
        return float(self.worth(np.ones((1, len(self.parts)), np.bool_))[0])


@dataclass(frozen=True)
class Attribution:
    """What each part adds (p numbers) to `base`, on the way to what the model gives."""

    base: float
    weights: Values
