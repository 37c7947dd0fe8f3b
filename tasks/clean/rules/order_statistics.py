"""The value of a given rank among all rows, exactly, wherever the rows are.

Two passes, after Munro and Paterson 1980 ("Selection and sorting with limited storage"). The first brings, of every
batch, each s-th of its n sorted values, s the root of n; they bracket the value of each rank. The second brings what
lies strictly within the brackets, and how many values lie below. So about the root of the number of rows travels for
each batch, and values that repeat travel once. A rank is an integer and a value one of the data's own, so that no
engine, order or partitioning shows in the result.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import narwhals as nw
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from infra.progress import Progress, report
from tasks.clean.engines import Engine

Values = npt.NDArray[np.int64] | npt.NDArray[np.float64]
Extract = Callable[[pa.Table], Mapping[Hashable, Values]]
"""The values of each series in a batch."""
Ranks = Mapping[Hashable, tuple[int, ...]]


@dataclass(frozen=True)
class Summary:
    """Some of a batch's sorted values, with their places in it.

    Attributes:
        size: how many values the batch has.
    """

    points: Values
    places: npt.NDArray[np.int64]
    size: int


@dataclass(frozen=True)
class Bracket:
    """Two values between which that of a rank lies; it may be one of them."""

    low: Any
    high: Any


@dataclass(frozen=True)
class Inside:
    """How a batch's values lie to a bracket."""

    below: int
    at_low: int
    within: Values


def select(
    frame: nw.LazyFrame[Any], engine: Engine, extract: Extract, ranks: Callable[[Mapping[Hashable, int]], Ranks]
) -> dict[Hashable, list[Any]]:
    """The values of ranks (0 for the smallest) in each series, as Python numbers.

    Args:
        ranks: what is asked of each series, told from how many values each has.
    """
    _tell(0)
    summaries = _gather(engine.map_parts(frame, partial(_summarise, extract)))
    _tell(1)
    asked = ranks({name: sum(part.size for part in parts) for name, parts in summaries.items()})
    brackets = {name: [_bracket(summaries[name], rank) for rank in wanted] for name, wanted in asked.items()}
    open_ = {name: [one for one in many if one.low != one.high] for name, many in brackets.items()}
    open_ = {name: many for name, many in open_.items() if many}
    found = _gather(engine.map_parts(frame, partial(_look_inside, extract, open_))) if open_ else {}
    _tell(2)
    inside = {(name, one.low, one.high): at for name, many in open_.items() for at, one in enumerate(many)}
    chosen: dict[Hashable, list[Any]] = {}
    for name, wanted in asked.items():
        chosen[name] = []
        for rank, one in zip(wanted, brackets[name], strict=True):
            at = inside.get((name, one.low, one.high))
            parts = [] if at is None else [part[at] for part in found[name]]
            chosen[name].append(_pick(one, parts, rank))
    return chosen


def summary(values: Values) -> Summary:
    """Each s-th of the sorted values, s the root of their number, and the last."""
    ordered = np.sort(values)
    step = max(1, math.isqrt(len(ordered)))
    places = np.unique(np.append(np.arange(0, len(ordered), step), len(ordered) - 1))
    return Summary(ordered[places], places, len(ordered))


def _bracket(summaries: list[Summary], rank: int) -> Bracket:
    """The closest points that surely lie at or below, and at or above, the value of a rank.

    Passing a point adds to the values that are surely at or below (from the point before it in its batch), and to
    those that may be below (up to the point after it).
    """
    points = np.concatenate([one.points for one in summaries])
    surely = np.concatenate([np.diff(one.places, prepend=-1) for one in summaries])
    maybe = np.concatenate([np.diff(one.places, append=one.size) for one in summaries])
    order = np.argsort(points, kind="stable")
    points = points[order]
    distinct = np.unique(points)
    at_most = np.cumsum(surely[order])[np.searchsorted(points, distinct, "right") - 1]
    below = np.append(0, np.cumsum(maybe[order]))[np.searchsorted(points, distinct, "left")]
    low = distinct[np.flatnonzero(below <= rank)[-1]]
    high = distinct[np.flatnonzero(at_most > rank)[0]]
    return Bracket(low.item(), high.item())


def _pick(bracket: Bracket, parts: list[Inside], rank: int) -> Any:
    """The value of a rank, from what all batches have in its bracket."""
    if not parts:
        return bracket.low
    place = rank - sum(part.below for part in parts) - sum(part.at_low for part in parts)
    if place < 0:
        return bracket.low
    within = np.sort(np.concatenate([part.within for part in parts]))
    return within[place].item() if place < len(within) else bracket.high


def _summarise(extract: Extract, _: str, batches: Iterable[pa.Table]) -> dict[Hashable, list[Summary]]:
    return _gather(
        {name: [summary(values)] for name, values in extract(batch).items() if len(values)} for batch in batches
    )


def _look_inside(
    extract: Extract, brackets: Mapping[Hashable, list[Bracket]], _: str, batches: Iterable[pa.Table]
) -> dict[Hashable, list[list[Inside]]]:
    found = (extract(batch) for batch in batches)
    return _gather(
        {name: [[_inside(values[name], one) for one in many]] for name, many in brackets.items() if name in values}
        for values in found
    )


def _inside(values: Values, bracket: Bracket) -> Inside:
    within = values[(values > bracket.low) & (values < bracket.high)]
    return Inside(int(np.sum(values < bracket.low)), int(np.sum(values == bracket.low)), within)


def _gather(parts: Iterable[Mapping[Hashable, list[Any]]]) -> dict[Hashable, list[Any]]:
    gathered: dict[Hashable, list[Any]] = {}
    for part in parts:
        for name, found in part.items():
            gathered.setdefault(name, []).extend(found)
    return gathered


def _tell(passes: int) -> None:
    report(Progress("clean", passes, 2, "order statistics"))
