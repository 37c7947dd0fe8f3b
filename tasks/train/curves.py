"""The curves of a training: on disk as they come, so that a training that goes on adds to what was there."""

from __future__ import annotations

import csv
import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Self

CURVES_FILE = "curves.jsonl"


@dataclass(frozen=True)
class Point:
    """One measurement.

    Attributes:
        curve: what was measured, such as `loss` or `val_accuracy`.
        step: steps done by then, over all epochs.
        time_ms: when, in milliseconds of Unix time.
    """

    curve: str
    step: int
    value: float
    time_ms: int


class Curves:
    """All points of one training, in the order of time, kept in one file of its work folder.

    Workers that start again take the steps since the last checkpoint once more, as they took them before: batches,
    dropout and rates follow from the step. So what was measured stands, and a curve's points at or before its last
    step are dropped. Each add is one write of whole lines: a kill costs what had not arrived, and no more.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / CURVES_FILE
        self.points = list(_read(file))
        self._last = {point.curve: point.step for point in self.points}
        self._file: IO[bytes] = file.open("ab", buffering=0)

    def add(self, metrics: Mapping[str, float]) -> list[Point]:
        """Take in what was measured at `metrics["step"]`; the points that are new."""
        step, now = int(metrics["step"]), time.time_ns() // 1_000_000
        values = {curve: float(value) for curve, value in metrics.items() if curve != "step"}
        fresh = [Point(curve, step, value, now) for curve, value in values.items() if step > self._last.get(curve, -1)]
        if fresh:
            self._file.write("".join(json.dumps(asdict(point)) + "\n" for point in fresh).encode())
            self.points += fresh
            self._last |= {point.curve: step for point in fresh}
        return fresh

    def curve(self, name: str) -> tuple[list[int], list[float]]:
        """Steps and values of one curve."""
        chosen = [point for point in self.points if point.curve == name]
        return [point.step for point in chosen], [point.value for point in chosen]

    def last(self) -> list[tuple[str, int, float]]:
        """Name, step and value of each curve's last point."""
        last = {point.curve: point for point in self.points}
        return [(name, last[name].step, last[name].value) for name in self.names]

    @property
    def names(self) -> list[str]:
        """Of the curves, in the order in which they began."""
        return list(dict.fromkeys(point.curve for point in self.points))

    def close(self) -> None:
        """Take no more."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def write_csv(curves: Curves, file: Path) -> None:
    """One line a step, one column a curve; empty where a curve has no point."""
    names, steps = curves.names, dict[int, dict[str, float]]()
    for point in curves.points:
        steps.setdefault(point.step, {"step": point.step})[point.curve] = point.value
    with file.open("w", newline="", encoding="utf-8") as lines:
        writer = csv.DictWriter(lines, ["step", *names])
        writer.writeheader()
        writer.writerows(steps[step] for step in sorted(steps))


def _read(file: Path) -> Iterator[Point]:
    """The points of the whole lines; a last one that a kill cut off is cut away."""
    if not file.exists():
        return
    content = file.read_bytes()
    whole = content[: content.rfind(b"\n") + 1]
    if len(whole) < len(content):
        with file.open("r+b") as lines:
            lines.truncate(len(whole))
    yield from (Point(**json.loads(line)) for line in whole.splitlines())
