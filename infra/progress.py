"""Progress that a step reports and whoever watches shows: a terminal, a Prefect artifact."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True)
class Progress:
    """How far a stage is: `done` of `total`, and a few words such as `epoch 2/3 loss 0.12`."""

    stage: str
    done: float
    total: float
    text: str = ""


Watcher = Callable[[Progress], None]
_watchers: list[Watcher] = []


def report(progress: Progress) -> None:
    """Tell every watcher."""
    for watcher in tuple(_watchers):
        watcher(progress)


@contextmanager
def watching(watcher: Watcher) -> Iterator[None]:
    """Have `watcher` told while the block runs."""
    _watchers.append(watcher)
    try:
        yield
    finally:
        _watchers.remove(watcher)
