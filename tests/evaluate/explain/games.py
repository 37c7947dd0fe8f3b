"""Games whose right answers are known by hand."""

from __future__ import annotations

import numpy as np

from tasks.evaluate.explain.game import Game, Masks, Values


def additive(weights: list[float], base: float = 0.5) -> Game:
    """Each part adds its own weight, whoever else is there: that is its Shapley value."""

    def play(masks: Masks) -> Values:
        told: Values = base + masks @ np.array(weights)
        return told

    return game(len(weights), play)


def glove() -> Game:
    """1 if the first part is there with the second or the third: Shapley values 2/3, 1/6, 1/6."""
    return game(3, lambda masks: (masks[:, 0] & (masks[:, 1] | masks[:, 2])).astype(float))


def constant(parts: int) -> Game:
    """A model that looks at nothing."""
    return game(parts, lambda masks: np.full(len(masks), 0.7))


def game(parts: int, play: object) -> Game:
    names = tuple(f"part {place}" for place in range(parts))
    return Game(names, ("",) * parts, "output", play)  # type: ignore[arg-type]
