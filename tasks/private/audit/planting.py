"""The rows of a training with canaries among them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from infra.errors import RecipeError
from tasks.data.references import Reference
from tasks.fit.batches import Examples
from tasks.fit.config import StoppingOptions
from tasks.lessons.config import TrainOptions
from tasks.lessons.lesson import Lesson
from tasks.lessons.material import learned_rows, person_count, prepare, read_train_rows
from tasks.private.audit.canaries import canaries
from tasks.private.audit.part import part


@dataclass(frozen=True)
class Planted:
    """A lesson that knows all rows and all canaries, and which canaries are learned from.

    Attributes:
        examples: the rows, and behind them the canaries.
        rows, persons: of the rows alone.
        included: (canaries,) the coins.
    """

    lesson: Lesson
    examples: Examples
    rows: int
    persons: int
    included: NDArray[np.bool_]

    @property
    def learned(self) -> Examples:
        """All rows, and the canaries whose coin says so."""
        return part(self.examples, np.concatenate([np.arange(self.rows), self.rows + np.flatnonzero(self.included)]))

    @property
    def canaries(self) -> Examples:
        """All canaries."""
        return part(self.examples, np.arange(self.rows, len(self.examples)))


def plant(
    options: TrainOptions, dataset: Reference, weights: Path | None, count: int, random: np.random.Generator
) -> Planted:
    """Read the rows that a training by `options` learns from, and put so many canaries among them.

    Raises:
        RecipeError: some rows do not count.
        DataError: there is too little to learn from.
    """
    rows = learned_rows(options, read_train_rows(options, dataset))
    planted = canaries(rows, options, count, random)
    material = prepare(unmeasured(options), pa.concat_tables([rows, planted]), weights)
    if len(material.learned) != rows.num_rows + count:  # weight 0 leaves rows out, and with them their places
        raise RecipeError(
            "train.weight",
            found=f"{rows.num_rows + count - len(material.learned)} rows that do not count",
            allowed="rows that are all learned from: else it can't be said which a place in them is",
            action="Drop those rows by a cleaning rule, or audit a training without weights.",
        )
    coins = random.random(count) < 0.5
    return Planted(material.lesson, material.learned, rows.num_rows, person_count(options, rows), coins)


def unmeasured(options: TrainOptions) -> TrainOptions:
    """The options of the same steps on rows of which none is held back."""
    return options.model_copy(update={"validation_share": 0.0, "stopping": StoppingOptions()})
