"""Progress that a step reports and whoever watches shows: a terminal, a Prefect artifact."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Progress:
    """How far a stage is: `done` of `total`, and a few words such as `epoch 2/3 loss 0.12`."""

    stage: str
    done: float
    total: float
    text: str = ""


Watcher = Callable[[Progress], None]
_watchers: list[Watcher] = []
_running: list[str] = []


def report(progress: Progress) -> None:
    """Tell every watcher. What a step calls `evaluate` is told as `evaluate child` while that stage is running."""
    if _running and _running[-1].startswith(f"{progress.stage} "):
        progress = replace(progress, stage=_running[-1])
    for watcher in tuple(_watchers):
        watcher(progress)


@contextmanager
def running(stage: str) -> Iterator[None]:
    """Have what is reported while the block runs told as of this stage, if it is of its kind."""
    _running.append(stage)
    try:
        yield
    finally:
        _running.pop()


@contextmanager
def watching(watcher: Watcher) -> Iterator[None]:
    """Have `watcher` told while the block runs."""
    _watchers.append(watcher)
    try:
        yield
    finally:
        _watchers.remove(watcher)
