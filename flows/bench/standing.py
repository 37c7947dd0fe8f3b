"""TFLite files of one model, side by side: how small, how fast and how right each is."""

from __future__ import annotations

import gzip
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tasks.runtime.arrays import Arrays, run_in_batches

QUERIES = 300
_WARM_UP = 20


@dataclass(frozen=True)
class Contestant:
    """A file, and the rows to ask it about, as it takes them: a small model may have a tokeniser of its own."""

    name: str
    content: bytes
    rows: Arrays

    @cached_property
    def gzip_kb(self) -> float:
        """Size by gzip at its usual level 6, in thousands of bytes."""
        return len(gzip.compress(self.content, 6)) / 1e3

    def accuracy(self, truth: NDArray[np.int64]) -> float:
        """Share of rows whose most probable class is the true one."""
        from tasks.runtime.tflite import TfliteModel

        with tempfile.NamedTemporaryFile(suffix=".tflite") as file:
            file.write(self.content)
            file.flush()
            outputs = run_in_batches(TfliteModel(Path(file.name), threads=1).outputs, self.rows)
        return float((outputs.argmax(axis=1) == truth).mean())


@dataclass(frozen=True)
class Standing:
    """What was measured of a contestant; `latency_us` has the median of each round, in microseconds."""

    name: str
    gzip_kb: float
    accuracy: float
    latency_us: tuple[float, ...]

    def dominates(self, other: Standing) -> bool:
        """Whether it is nowhere worse and somewhere better, by size, median latency and accuracy."""
        mine, theirs = (
            (one.gzip_kb, median(one.latency_us), -one.accuracy)  # less is better
            for one in (self, other)
        )
        return mine != theirs and all(one <= than for one, than in zip(mine, theirs, strict=True))


def measure(contestants: Sequence[Contestant], truth: NDArray[np.int64], rounds: int) -> list[Standing]:
    """Each contestant's figures. Single rows are asked in turn, round by round, on one thread with XNNPACK."""
    queries = [_Queries(each) for each in contestants]
    medians = [[each.median_us() for each in queries] for _ in range(rounds)]
    return [
        Standing(each.name, each.gzip_kb, each.accuracy(truth), tuple(one[place] for one in medians))
        for place, each in enumerate(contestants)
    ]


class _Queries:
    """An interpreter that is asked about one row after another. A text of another length than the last costs more."""

    def __init__(self, contestant: Contestant) -> None:
        import tensorflow as tf

        self._interpreter = tf.lite.Interpreter(model_content=contestant.content, num_threads=1)
        self._places = _input_places(self._interpreter)
        count = len(next(iter(contestant.rows.values())))
        chosen = np.linspace(0, count, QUERIES, endpoint=False).astype(int)
        self._rows = [_single(contestant.rows, row) for row in chosen]
        self._shapes: list[Any] = []
        for row in self._rows[:_WARM_UP]:
            self._seconds(row)

    def median_us(self) -> float:
        """Of all rows, once."""
        return median(map(self._seconds, self._rows)) * 1e6

    def _seconds(self, row: Arrays) -> float:
        """Of the interpreter's work: to be ready for the row's shape if it is another, and to run."""
        started, shapes = time.perf_counter(), [array.shape for array in row.values()]
        if shapes != self._shapes:
            for name, array in row.items():
                self._interpreter.resize_tensor_input(self._places[name], array.shape)
            self._interpreter.allocate_tensors()
            self._shapes = shapes
        ready = time.perf_counter() - started
        for name, array in row.items():
            self._interpreter.set_tensor(self._places[name], array)
        started = time.perf_counter()
        self._interpreter.invoke()
        return ready + time.perf_counter() - started


def _input_places(interpreter: Any) -> dict[str, int]:
    """Which tensor an input's name stands for. A signature's runner must be gone before the interpreter is asked."""
    details = interpreter.get_signature_runner().get_input_details()
    return {name: detail["index"] for name, detail in details.items()}


def _single(rows: Arrays, row: int) -> Arrays:
    """One row; of a text its own tokens alone."""
    from tasks.runtime.arrays import MASK

    one = {name: array[row : row + 1] for name, array in rows.items()}
    length = int(one[MASK].sum()) if MASK in one else None
    return {name: np.ascontiguousarray(array[:, :length]) if length else array for name, array in one.items()}
