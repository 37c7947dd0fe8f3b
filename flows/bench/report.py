"""A benchmark's result: ratios to peers that ran in turn with ours, in the same process tree, on the same input."""

from __future__ import annotations

import gc
import os
import platform
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from statistics import median
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field, computed_field

T = TypeVar("T")


class Row(BaseModel):
    """One comparison.

    Attributes:
        ours: median, in seconds unless `case` names another unit; `theirs` is the peer's.
        ratio: median of the ratios of runs that stood side by side, and `low` to `high`, their range.
        bar_ahead: what `ratio` must reach to be ahead; `bar_limit` is what is thought to be possible.
        same_output: whether both gave the same result, as this benchmark checks it.
    """

    model_config = ConfigDict(frozen=True)

    case: str
    peer: str
    ours: float
    theirs: float
    ratio: float
    low: float = Field(exclude=True)
    high: float = Field(exclude=True)
    bar_ahead: float
    bar_limit: float
    ahead: bool
    same_output: bool

    @computed_field  # type: ignore[prop-decorator]
    @property
    def range(self) -> tuple[float, float]:
        """The smallest and the largest ratio."""
        return self.low, self.high


class Report(BaseModel):
    """What one benchmark found, and where."""

    model_config = ConfigDict(frozen=True)

    name: str
    machine: str
    versions: dict[str, str]
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Measured(Generic[T]):
    """Wall times of the runs of one piece of work, in seconds, and what its last run gave."""

    seconds: tuple[float, ...]
    output: T


def compare(
    ours: Callable[[], T], peers: Mapping[str, Callable[[], T]], repeats: int
) -> tuple[Measured[T], dict[str, Measured[T]]]:
    """Ours and every peer in turn."""
    measured = measure({"": ours, **peers}, repeats)
    return measured.pop(""), measured


def measure(work: Mapping[str, Callable[[], T]], repeats: int) -> dict[str, Measured[T]]:
    """Run pieces of work in turn, `repeats` times, so that what else the machine does falls on all alike.

    A first round, with the imports and what libraries set up, is not counted.
    """
    seconds: dict[str, list[float]] = {name: [] for name in work}
    outputs: dict[str, T] = {}
    for number in range(repeats + 1):
        for name, function in work.items():
            gc.collect()
            start = time.perf_counter()
            outputs[name] = function()
            if number:
                seconds[name].append(time.perf_counter() - start)
    return {name: Measured(tuple(seconds[name]), outputs[name]) for name in work}


def time_row(
    case: str, peer: str, ours: Sequence[float], theirs: Sequence[float], bars: tuple[float, float], same_output: bool
) -> Row:
    """Our time, or whatever else costs, over the peer's: less is better. `bars` are `bar_ahead` and `bar_limit`."""
    ratios = [mine / other for mine, other in zip(ours, theirs, strict=True)]
    return _row(case, peer, (median(ours), median(theirs)), ratios, bars, median(ratios) <= bars[0], same_output)


def speed_row(
    case: str, peer: str, ours: Sequence[float], theirs: Sequence[float], bars: tuple[float, float], same_output: bool
) -> Row:
    """How many times faster than the peer we are, of times in seconds: more is better."""
    ratios = [other / mine for mine, other in zip(ours, theirs, strict=True)]
    return _row(case, peer, (median(ours), median(theirs)), ratios, bars, median(ratios) >= bars[0], same_output)


def share_row(case: str, peer: str, ours: Sequence[float], theirs: Sequence[float], bars: tuple[float, float]) -> Row:
    """What is ours over the peer's, of figures that are the better the larger, such as rows a second."""
    ratios = [mine / other for mine, other in zip(ours, theirs, strict=True)]
    return _row(case, peer, (median(ours), median(theirs)), ratios, bars, median(ratios) >= bars[0], same_output=True)


def make_report(name: str, rows: Iterable[Row], packages: Iterable[str]) -> Report:
    """Rows with what they were measured on."""
    versions = {"python": platform.python_version(), **{package: _version(package) for package in packages}}
    return Report(name=name, machine=machine(), versions=versions, rows=tuple(rows))


def machine() -> str:
    """Processor, cores and memory, in words."""
    import psutil

    memory = psutil.virtual_memory().total / 2**30
    return f"{_processor()}, {os.cpu_count()} cores, {memory:.0f} GiB, {platform.system()} {platform.machine()}"


def _row(
    case: str,
    peer: str,
    medians: tuple[float, float],
    ratios: Sequence[float],
    bars: tuple[float, float],
    ahead: bool,
    same_output: bool,
) -> Row:
    figures: dict[str, Any] = {"ratio": median(ratios), "low": min(ratios), "high": max(ratios)}
    times = {"ours": medians[0], "theirs": medians[1]}
    return Row(
        case=case,
        peer=peer,
        **{name: round(value, 4) for name, value in {**times, **figures}.items()},
        bar_ahead=bars[0],
        bar_limit=bars[1],
        ahead=ahead,
        same_output=same_output,
    )


def _processor() -> str:
    try:
        with open("/proc/cpuinfo") as lines:  # noqa: PTH123 - a pseudo file
            return next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or "unknown processor"


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
