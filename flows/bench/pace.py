"""How fast a training goes, from what its chief tells of its progress."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeVar

T = TypeVar("T")


class Pace:
    """When which step was done; to be given a training's events."""

    def __init__(self) -> None:
        self.moments: list[tuple[float, int]] = []

    def __call__(self, event: Mapping[str, Any]) -> None:
        """Take in one event."""
        if "progress" in event:
            self.moments.append((time.perf_counter(), int(event["progress"]["done"])))

    def seconds_per_step(self, first: int, last: int) -> float:
        """Mean of the steps after `first` and before `last`.

        Raises:
            ValueError: fewer than two of them were told of.
        """
        window = [moment for moment in self.moments if first <= moment[1] < last]
        if len(window) < 2:
            raise ValueError(f"steps {first} to {last}: {len(window)} were told of")
        (began, one), (ended, other) = window[0], window[-1]
        return (ended - began) / (other - one)


def on_cores(cores: Collection[int], work: Callable[[], T]) -> T:
    """What `work` gives, run in a thread that may use these cores only, as may the processes that it starts."""
    found: list[T] = []
    failed: list[BaseException] = []

    def run() -> None:
        os.sched_setaffinity(0, cores)  # of this thread alone
        try:
            found.append(work())
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if failed:
        raise failed[0]
    return found[0]


def at_once(works: Collection[Callable[[], T]]) -> list[T]:
    """What each gives, all running at the same time."""
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(len(works)) as pool:
        return [each.result() for each in [pool.submit(work) for work in works]]
