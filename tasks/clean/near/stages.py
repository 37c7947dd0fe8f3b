"""Stages on an engine: independent tasks that read and write files of a folder which all workers see."""

from __future__ import annotations

import os
import tempfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from tasks.clean.engines import Engine

Item = TypeVar("Item")
Result = TypeVar("Result")
Pairs = npt.NDArray[np.int64]
"""Two rows a line, by their numbers: n x 2."""
Saved = tuple[int, Path, int]
"""The place that pairs go to, the file they are in, and how many they are."""


@dataclass(frozen=True)
class Stages:
    """An engine, and the folder through which its tasks hand on what is too large for the process that starts them."""

    engine: Engine
    folder: Path

    @property
    def threads(self) -> int:
        """How many a task may use: Polars has one task at a time, the others one for each core."""
        return (os.cpu_count() or 1) if self.engine.name == "polars" else 1

    def run(self, count: int, function: Callable[[int], Result]) -> list[Result]:
        """`function` of 0 to `count` - 1, wherever the engine has room; what it returns must be small."""
        if not count:
            return []
        todo = Path(tempfile.mkdtemp(prefix="todo-", dir=self.folder))
        for number in range(count):
            pq.write_table(pa.table({"task": [number]}), todo / f"{number:06d}.parquet")
        parts = self.engine.map_parts(self.engine.read(todo), partial(_run, function, self.threads))
        return [result for _, result in sorted((pair for part in parts for pair in part), key=lambda pair: pair[0])]


def _run(
    function: Callable[[int], Result], threads: int, _: str, batches: Iterable[pa.Table]
) -> list[tuple[int, Result]]:
    numbers = [number for batch in batches for number in batch["task"].to_pylist()]
    return list(zip(numbers, in_threads(function, numbers, threads), strict=True))


def in_threads(function: Callable[[Item], Result], items: Iterable[Item], threads: int) -> Iterator[Result]:
    """Results in order, a few ahead of whoever takes them."""
    if threads == 1:
        yield from map(function, items)
        return
    waiting: deque[Future[Result]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        for item in items:
            waiting.append(pool.submit(function, item))
            if len(waiting) > 2 * threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def save_pairs(pairs: Pairs, places: npt.NDArray[np.int64], folder: Path) -> list[Saved]:
    """Write pairs, in a file for each place that some go to.

    Each call has names of its own, so that a task which a cluster tries twice spoils nothing.
    """
    folder.mkdir(parents=True, exist_ok=True)
    order = np.argsort(places, kind="stable")
    goals, begins = np.unique(places[order], return_index=True)
    saved = []
    for goal, (begin, end) in zip(goals.tolist(), pairwise([*begins, len(order)]), strict=True):
        handle, name = tempfile.mkstemp(prefix=f"{goal}-", suffix=".npy", dir=folder)
        with os.fdopen(handle, "wb") as file:
            np.save(file, pairs[order[begin:end]])
        saved.append((goal, Path(name), int(end - begin)))
    return saved


def load_pairs(files: Iterable[Path]) -> Pairs:
    """The distinct pairs of files, sorted."""
    parts = [np.load(file) for file in files]
    return distinct(np.concatenate(parts)) if parts else np.empty((0, 2), np.int64)


def distinct(pairs: Pairs) -> Pairs:
    """Each pair once, sorted."""
    pairs = pairs[np.lexsort((pairs[:, 1], pairs[:, 0]))]
    once: Pairs = pairs[np.diff(pairs, axis=0, prepend=-1).any(axis=1)]
    return once
