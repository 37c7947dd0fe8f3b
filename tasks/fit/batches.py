"""Which rows a step takes: a pure function of seed, epoch and step, so that a resumed run sees what it would have.

Texts of similar length come together, so that little padding is computed: the shuffled epoch is sorted within windows
of a few batches, then the batches are shuffled.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

WINDOW_BATCHES = 16

Array = NDArray[np.generic]
Arrays = dict[str, Array]
Rows = NDArray[np.int64]
Targets = Array | Arrays
"""An array with one entry a row, or one for each head of a model that has several."""


@dataclass(frozen=True)
class Examples:
    """What is learned from.

    Attributes:
        targets: what is to come out for chosen rows: a class, a rating, or for pairs the number of the answer.
        inputs: the model's input arrays for chosen rows.
        rows: how many there are.
        lengths: one a row where rows are texts; rows of similar length go into one batch.
        weights: one a row, above 0 with mean 1: how much the row counts in the loss; all alike where there are none.
        ids: one a row: its `row_id`, to name it in an error.
    """

    targets: Callable[[Rows], Targets]
    inputs: Callable[[Rows], Arrays]
    rows: int
    lengths: NDArray[np.int32] | None = None
    weights: NDArray[np.float32] | None = None
    ids: Array | None = None

    def __len__(self) -> int:
        return self.rows


@dataclass(frozen=True)
class Slice:
    """One worker's part of a global batch.

    Attributes:
        weights: the row's own, or 1, and 0 for one that fills up, so that all workers have equally many.
        total: rows that count in the global batch; losses are divided by it.
    """

    inputs: Arrays
    targets: Targets
    weights: NDArray[np.float32]
    total: int


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

    def slice(self, step: int) -> Slice:
        """This worker's part of the batch of `step`, counted from 0 over all epochs."""
        rows = self.rows(step)
        padded = np.resize(rows, math.ceil(len(rows) / self.workers) * self.workers)
        mine = np.arange(self.worker, len(padded), self.workers)  # every n-th, so that all have like lengths
        weights = (mine < len(rows)).astype(np.float32)
        if self.examples.weights is not None:
            weights *= self.examples.weights[padded[mine]]
        chosen = padded[mine]
        return Slice(self.examples.inputs(chosen), self.examples.targets(chosen), weights, len(rows))

    def rows(self, step: int) -> Rows:
        """The rows of the global batch of `step`."""
        epoch, place = divmod(step, self.steps_per_epoch)
        if epoch != self._epoch:
            self._epoch, self._batches = epoch, self._order(epoch)
        return self._batches[place]

    def _order(self, epoch: int) -> list[Rows]:
        random = np.random.default_rng([self.seed, epoch])
        rows = random.permutation(len(self.examples))
        if self.examples.lengths is None:
            return self._cut(rows, self.batch_size)
        windows = self._cut(rows, self.batch_size * WINDOW_BATCHES)
        lengths = self.examples.lengths
        ordered = [window[np.argsort(lengths[window], kind="stable")] for window in windows]
        batches = self._cut(np.concatenate(ordered), self.batch_size)
        return [batches[place] for place in random.permutation(len(batches))]

    @staticmethod
    def _cut(rows: Rows, size: int) -> list[Rows]:
        return [rows[start : start + size] for start in range(0, len(rows), size)]
