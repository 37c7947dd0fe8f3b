"""What a training says of itself as it goes on."""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

Item = TypeVar("Item")


@dataclass(frozen=True)
class StepReport:
    """What happened in a step.

    Attributes:
        step: steps done, this one included.
        loss: mean over the global batch.
        samples_per_second: rows a second since the start or the last resumption, all workers together.
        gradient_norm: Euclidean length of the gradients before clipping.
        clipped_share: share of the steps so far whose gradients were longer than allowed.
        data_wait_share: share of the time so far in which the next batch was waited for.
        peak_memory_mb: the most memory that this process has had, in units of 2**20 bytes.
        validation: `loss` and the task's metrics on rows that are not learned from, where they were measured after
            this step.
        privacy: of a private training `epsilon`, where an epoch ended with this step, and the `clip` norm if it moves.
    """

    step: int
    total: int
    epoch: int
    epochs: int
    loss: float
    learning_rate: float
    samples_per_second: float
    gradient_norm: float = 0.0
    clipped_share: float = 0.0
    data_wait_share: float = 0.0
    peak_memory_mb: float = 0.0
    validation: Mapping[str, float] = field(default_factory=dict)
    privacy: Mapping[str, float] = field(default_factory=dict)

    def metrics(self) -> dict[str, float]:
        """The figures by name, those of the validation with `val_` before it."""
        own = {
            "loss": self.loss,
            "learning_rate": self.learning_rate,
            "samples_per_second": round(self.samples_per_second, 1),
            "gradient_norm": self.gradient_norm,
            "clipped_share": round(self.clipped_share, 4),
            "data_wait_share": round(self.data_wait_share, 4),
            "peak_memory_mb": round(self.peak_memory_mb, 1),
        }
        return own | dict(self.privacy) | {f"val_{name}": value for name, value in self.validation.items()}


class Meter:
    """Counts rows, steps and time since it was made."""

    def __init__(self) -> None:
        self.rows = self.steps = self.clipped = 0
        self.waited = 0.0
        self._began = time.perf_counter()

    def timed(self, items: Iterable[Item]) -> Iterator[Item]:
        """The same items; the time until each is there counts as waiting."""
        iterator = iter(items)
        while True:
            began = time.perf_counter()
            try:
                item = next(iterator)
            except StopIteration:
                return
            self.waited += time.perf_counter() - began
            yield item

    def count(self, rows: int, is_clipped: bool) -> None:
        """Take in one step."""
        self.rows += rows
        self.steps += 1
        self.clipped += is_clipped

    @property
    def samples_per_second(self) -> float:
        """Rows a second, over all the time."""
        return self.rows / self._seconds

    @property
    def data_wait_share(self) -> float:
        """Share of the time that went by until a batch was there."""
        return self.waited / self._seconds

    @property
    def clipped_share(self) -> float:
        """Share of the steps whose gradients were too long."""
        return self.clipped / max(1, self.steps)

    @property
    def _seconds(self) -> float:
        return max(time.perf_counter() - self._began, 1e-9)


def peak_memory_mb() -> float:
    """The most memory that this process has had, in units of 2**20 bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)  # bytes there, kibibytes elsewhere
