"""One class told of each row, beside the true one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tasks.evaluate import metrics
from tasks.evaluate.metrics import Confusion, Places
from tasks.runtime.arrays import Floats


@dataclass(frozen=True)
class ClassAnswers:
    """Classes told of rows.

    Attributes:
        labels: the model's classes.
        probabilities: rows by classes, columns in the order of `labels`.
        truth: the class of each row, also one that the model does not know.
    """

    labels: tuple[str, ...]
    probabilities: Floats
    truth: Sequence[str]

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The model's labels and, after them, those that only the truth has."""
        return (*self.labels, *sorted(set(self.truth) - set(self.labels)))

    @cached_property
    def codes(self) -> Places:
        """Where the truth of each row stands in `names`."""
        place = {name: number for number, name in enumerate(self.names)}
        return np.array([place[name] for name in self.truth], np.int64)

    @cached_property
    def told(self) -> Places:
        """Where the most probable class of each row stands in `names`."""
        found: Places = self.probabilities.argmax(axis=1)
        return found

    @property
    def right(self) -> NDArray[np.bool_]:
        """Whether the class of each row is the true one."""
        right: NDArray[np.bool_] = self.told == self.codes
        return right

    def confusion(self, places: Places) -> Confusion:
        """Counts of the rows at `places`."""
        return metrics.counted(self.codes[places], self.told[places], self.names)

    def figures(self, places: Places) -> dict[str, float]:
        """See `metrics.class_figures`; of the rows at `places`."""
        codes = np.where(self.codes < len(self.labels), self.codes, metrics.UNKNOWN)[places]
        return metrics.class_figures(self.probabilities[places], codes, self.confusion(places))
