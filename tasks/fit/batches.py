"""Which rows a step takes: a pure function of seed, epoch and step, so that a resumed run sees what it would have.

Texts of similar length come together, so that little padding is computed: the shuffled epoch is sorted within windows
of a few batches, then the batches are shuffled.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

WINDOW_BATCHES = 16

Array = NDArray[np.generic]
Arrays = dict[str, Array]
Rows = NDArray[np.int64]
Targets = Array | Arrays
"""An array with one entry a row, or one for each head of a model that has several."""


class Renewal(Protocol):
    """A part of the inputs that is looked up anew before each epoch, by the model as it is then.

    Attributes:
        variable: TensorFlow's, what was looked up; checkpoints hold it.
    """

    variable: Any

    def renew(self, model: Any) -> None:
        """Look it up."""


@dataclass(frozen=True)
class Examples:
    """What is learned from.

    Attributes:
        targets: what is to come out for chosen rows: a class, a rating, or for pairs the number of the answer.
        inputs: the model's input arrays for chosen rows.
        rows: how many there are.
        lengths: one a row where rows are texts; rows of similar length go into one batch.
        weights: one a row, above 0 with mean 1: how much the row counts in the loss; all alike where there are none.
        chances: one a row, with sum 1, where an epoch's rows are drawn with replacement; else each comes once.
        ids: one a row: its `row_id`, to name it in an error.
        renewal: what of the inputs follows the model while it learns, if anything does.
    """

    targets: Callable[[Rows], Targets]
    inputs: Callable[[Rows], Arrays]
    rows: int
    lengths: NDArray[np.int32] | None = None
    weights: NDArray[np.float32] | None = None
    chances: NDArray[np.float64] | None = None
    ids: Array | None = None
    renewal: Renewal | None = None

    def __len__(self) -> int:
        return self.rows


@dataclass(frozen=True)
class Slice:
    """One worker's part of a global batch.

    Attributes:
        weights: the row's own, or 1, and 0 for one that fills up, so that all workers have equally many.
        total: rows that count in the global batch; losses are divided by it.
        rows: numbers of the rows of the global batch.
        longest: tokens of the longest text of the global batch; 0 where rows are no texts.
    """

    inputs: Arrays
    targets: Targets
    weights: NDArray[np.float32]
    total: int
    rows: Rows
    longest: int

    def head(self, rows: int) -> Slice:
        """Its first rows alone."""
        return self._chosen(slice(rows))

    def every(self, number: int, start: int) -> Slice:
        """Every so manieth row alone, from `start` on."""
        return self._chosen(slice(start, None, number))

    def _chosen(self, rows: slice) -> Slice:
        inputs = {name: array[rows] for name, array in self.inputs.items()}
        targets = self.targets
        few = {name: array[rows] for name, array in targets.items()} if isinstance(targets, dict) else targets[rows]
        return replace(self, inputs=inputs, targets=few, weights=self.weights[rows])


class Batches:
    """The global batches of a training, and one worker's part of each."""

    def __init__(self, examples: Examples, batch_size: int, seed: int, worker: int = 0, workers: int = 1) -> None:
        self.examples, self.batch_size, self.seed = examples, batch_size, seed
        self.worker, self.workers = worker, workers
        self._epoch, self._batches = -1, list[Rows]()

    @property
    def steps_per_epoch(self) -> int:
        """Batches of an epoch; one of them may be smaller."""
        return math.ceil(len(self.examples) / self.batch_size)

    def slice(self, step: int, multiple: int = 1, is_full: bool = False) -> Slice:
        """This worker's part of the batch of `step`, counted from 0 over all epochs.

        Args:
            multiple: it has a multiple of so many rows.
            is_full: whether a smaller batch, the last of an epoch, is filled up to the size of the others.
        """
        rows = self.rows(step)
        wanted = min(self.batch_size, len(self.examples)) if is_full else len(rows)
        padded = np.resize(rows, math.ceil(wanted / (self.workers * multiple)) * self.workers * multiple)
        mine = np.arange(self.worker, len(padded), self.workers)  # every n-th, so that all have like lengths
        weights = (mine < len(rows)).astype(np.float32)
        if self.examples.weights is not None:
            weights *= self.examples.weights[padded[mine]]
        inputs, targets = self.examples.inputs(padded[mine]), self.examples.targets(padded[mine])
        return Slice(inputs, targets, weights, len(rows), rows, self.longest(rows))

    def longest(self, rows: Rows) -> int:
        """Tokens of the longest of the given texts; 0 where rows are no texts."""
        return 0 if self.examples.lengths is None else int(self.examples.lengths[rows].max())

    def rows(self, step: int) -> Rows:
        """The rows of the global batch of `step`."""
        epoch, place = divmod(step, self.steps_per_epoch)
        if epoch != self._epoch:
            self._epoch, self._batches = epoch, self._order(epoch)
        return self._batches[place]

    def _order(self, epoch: int) -> list[Rows]:
        random = np.random.default_rng([self.seed, epoch])
        rows = self._drawn(random)
        if self.examples.lengths is None:
            return self._cut(rows, self.batch_size)
        windows = self._cut(rows, self.batch_size * WINDOW_BATCHES)
        lengths = self.examples.lengths
        ordered = [window[np.argsort(lengths[window], kind="stable")] for window in windows]
        batches = self._cut(np.concatenate(ordered), self.batch_size)
        return [batches[place] for place in random.permutation(len(batches))]

    def _drawn(self, random: np.random.Generator) -> Rows:
        count, chances = len(self.examples), self.examples.chances
        return random.permutation(count) if chances is None else random.choice(count, count, p=chances)

    @staticmethod
    def _cut(rows: Rows, size: int) -> list[Rows]:
        return [rows[start : start + size] for start in range(0, len(rows), size)]
