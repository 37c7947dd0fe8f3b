"""Categories that nobody listed before: those with so many rows that no one row could have brought them out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tasks.dp.statistics.noise import INTEGER, laplace, opendp
from tasks.dp.statistics.release import Release, counted

_MOST_THRESHOLD = 2**40


@dataclass(frozen=True)
class Categories:
    """What was found, the most common first, with its counts; `threshold` is the noisy count from which it shows."""

    names: tuple[str, ...]
    counts: Release
    threshold: int


def top_categories(values: Sequence[str], epsilon: float, delta: float, rows: int = 1) -> Categories:
    """All values whose noisy count reaches a threshold that one with a person's rows only reaches by `delta`.

    Laplace noise on the counts of the values that are there, (epsilon, delta)-private (Korolova, Kenthapadi, Mishra and
    Ntoulas 2009; as OpenDP has it, by Rogers 2023, "A Unifying Privacy Analysis Framework for Unknown Domain
    Algorithms"). `rows` are those that one person has at most, all of other values or all of the same.

    Raises:
        MachineError: OpenDP is not installed.
    """
    noise = laplace(epsilon, rows)
    threshold = _threshold(noise.scale(), rows, delta)
    found: dict[str, int] = _measurement(noise.scale(), threshold)(dict(Counter(values)))
    ordered = sorted(found.items(), key=lambda entry: (-entry[1], entry[0]))
    counts = np.array([count for _, count in ordered], np.float64)
    return Categories(tuple(name for name, _ in ordered), counted(counts, noise), threshold)


def _threshold(scale: float, rows: int, delta: float) -> int:
    """The smallest threshold that a person's rows alone reach with no more than `delta`.

    One above what OpenDP 0.16 says: it tells the delta of counts above its threshold, and lets equal ones out as well
    (its issue 2922), which for one row is exp(epsilon) times as often.
    """
    low, high = rows, _MOST_THRESHOLD
    while low < high:
        middle = (low + high) // 2
        spent = _measurement(scale, middle).map((rows, rows, rows))[1]
        low, high = (low, middle) if spent <= delta else (middle + 1, high)
    return low + 1


def _measurement(scale: float, threshold: int) -> Any:
    dp = opendp()
    domain = dp.map_domain(dp.atom_domain(T=str), dp.atom_domain(T=INTEGER))
    metric = dp.l01inf_distance(dp.absolute_distance(T=INTEGER))
    return dp.m.make_laplace_threshold(domain, metric, scale=scale, threshold=threshold)
