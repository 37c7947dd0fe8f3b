"""Trials that run: in what, for how long, and who is told of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from infra.processes import Event
from tasks.tune.trials import Draw


class Process(Protocol):
    """One trial's training, in a process of its own, here or elsewhere."""

    def read(self) -> Iterator[Event]:
        """Its events, until it has ended."""

    def stop(self) -> None:
        """End it, with all that it started."""

    def last_lines(self) -> str:
        """The end of its log."""


Start = Callable[[Draw, int], Process]
"""Starts a trial in a slot (from 0); raises RecipeError where the recipe refuses the values."""


class Watcher(Protocol):
    """Who is told of the trials."""

    def started(self, draw: Draw) -> None:
        """A trial began to run."""

    def measured(self, number: int, metrics: Mapping[str, float]) -> None:
        """Rows that it does not learn from were measured."""

    def ended(self, number: int) -> None:
        """It ended, and the study knows how."""


@dataclass(frozen=True)
class Limits:
    """How long to search.

    Attributes:
        trials: in the study, earlier ones included.
        parallel: trials at a time.
        seconds: from now; infinite: until all trials have ended.
    """

    trials: int
    parallel: int
    seconds: float


@dataclass
class Running:
    """A trial that runs in a slot.

    Attributes:
        epochs: how long it trains.
        epoch: the last whole one after which it was measured.
        steps: in all; 0: not known yet.
        step: the last one after which it was measured.
    """

    draw: Draw
    slot: int
    process: Process
    epochs: int
    epoch: int = 0
    steps: int = 0
    step: int = 0
    share_done: float = 0.0
