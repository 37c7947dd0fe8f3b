"""All conditions on rows, and all pairs of them, with what rows they pick add up to (Chung et al. 2019)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from tasks.evaluate.slices.attributes import NOWHERE, Attribute
from tasks.evaluate.slices.significance import Sums, Values, joined, sums

Mask = NDArray[np.bool_]
Condition = tuple[tuple[int, int], ...]
"""Places of attributes, each with the part of it that rows have to be in."""
_SAME = 0.95  # of a condition's rows: with so many of them a pair tells nothing that its half does not


@dataclass(frozen=True)
class Candidates:
    """Slices that were looked at, m of them, in an order that the attributes give."""

    conditions: tuple[Condition, ...]
    sums: Sums

    def __len__(self) -> int:
        return len(self.conditions)


def candidates(attributes: Sequence[Attribute], merits: Values, depth: int, minimum_rows: int) -> Candidates:
    """Conditions and, for a depth of 2, pairs on two attributes, that have enough rows and leave as many out."""
    found = list(_levels(attributes, merits, depth, minimum_rows))
    conditions = tuple(condition for level in found for condition in level.conditions)
    return Candidates(conditions, joined([level.sums for level in found]))


def picked(attributes: Sequence[Attribute], condition: Condition) -> Mask:
    """Of n rows those that a condition picks."""
    mask: Mask = np.logical_and.reduce([attributes[place].codes == part for place, part in condition])
    return mask


def in_words(attributes: Sequence[Attribute], condition: Condition) -> str:
    """The name of a condition."""
    return " and ".join(attributes[place].names[part] for place, part in condition)


def _levels(attributes: Sequence[Attribute], merits: Values, depth: int, minimum_rows: int) -> Iterator[Candidates]:
    alone = [_summed(each.codes, len(each.names), merits) for each in attributes]
    for place, own in enumerate(alone):
        parts = np.flatnonzero(_enough(own, len(merits), minimum_rows))
        yield Candidates(tuple(((place, part),) for part in parts.tolist()), own.take(parts))
    for first, second in combinations(range(len(attributes)), 2) if depth > 1 else ():
        joint, width = _joint(attributes[first], attributes[second])
        own = _summed(joint, len(attributes[first].names) * width, merits)
        smaller = np.minimum.outer(alone[first].counts, alone[second].counts).reshape(-1)
        parts = np.flatnonzero(_enough(own, len(merits), minimum_rows) & (own.counts < _SAME * smaller))
        pairs = ((first, part // width, second, part % width) for part in parts.tolist())
        yield Candidates(tuple(((one, a), (other, b)) for one, a, other, b in pairs), own.take(parts))


def _joint(one: Attribute, other: Attribute) -> tuple[NDArray[np.int64], int]:
    """The code of a pair of parts: that of the first times the width, plus that of the second."""
    width = len(other.names)
    whole = (one.codes != NOWHERE) & (other.codes != NOWHERE)
    return np.where(whole, one.codes * width + other.codes, NOWHERE), width


def _summed(codes: NDArray[np.int64], parts: int, merits: Values) -> Sums:
    there = codes != NOWHERE
    return sums(merits[there], codes[there], parts)


def _enough(own: Sums, rows: int, minimum_rows: int) -> Mask:
    enough: Mask = (own.counts >= minimum_rows) & (rows - own.counts >= minimum_rows)
    return enough
