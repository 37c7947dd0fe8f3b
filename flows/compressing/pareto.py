"""Which of several models are not beaten in everything, and which of them is taken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flows.compressing.target import Figures, Target

Point = Sequence[float]


@dataclass(frozen=True)
class Entrant:
    """A model that may be picked: its name, its figures, and whether the gate let it pass."""

    name: str
    figures: Figures
    passed: bool


def dominates(one: Point, other: Point) -> bool:
    """Whether it is as good in everything and better in something; less is better."""
    return all(a <= b for a, b in zip(one, other, strict=True)) and tuple(one) != tuple(other)


def front(points: Sequence[Point]) -> list[bool]:
    """For each point, whether no other one dominates it (Pareto 1906); equal points stand or fall together."""
    return [not any(dominates(other, point) for other in points) for point in points]


def pick(entrants: Sequence[Entrant], target: Target) -> Entrant | None:
    """The one to take: the smallest, then the fastest, of those that keep the target and passed the gate.

    If none has passed, of those that keep the target; if none does, the one closest to it. None: there are none.
    """
    within = [each for each in entrants if not target.missed(each.figures)]
    eligible = [each for each in within if each.passed] or within
    if eligible:
        return min(eligible, key=_smallest)
    return min(entrants, key=lambda each: (target.distance(each.figures), _smallest(each)), default=None)


def _smallest(entrant: Entrant) -> tuple[float, float, str]:
    figures = entrant.figures
    return figures.gzip_mb, figures.latency_ms, entrant.name
