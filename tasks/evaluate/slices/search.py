"""The worst slices that there are, found on one half of the rows and judged on the other (Chung et al. 2019).

A slice that is picked out of many for being bad looks worse on the rows it was picked by than it is. So the search
sees a random half of the rows, and what it finds is tested and measured on the other half. Where there are too few
rows for that, both see all rows; then every slice that was looked at counts in the correction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tasks.evaluate.merits import mean_interval
from tasks.evaluate.slices.attributes import Attribute
from tasks.evaluate.slices.config import SliceOptions
from tasks.evaluate.slices.lattice import Candidates, Condition, Mask, candidates, in_words, picked
from tasks.evaluate.slices.significance import (
    Values,
    adjusted,
    coverage,
    effects,
    gap_bounds,
    joined,
    p_values,
    total,
)
from tasks.reports.slices import Slice

ENOUGH_TO_HALVE = 20  # times the fewest rows of a slice
_SEED = 20_260_808
_Z = 1.645  # standard errors: a slice is as bad as it is with 95 % certainty
_ALIKE = 0.5  # Jaccard index of two slices that tell the same


@dataclass(frozen=True)
class Search:
    """What was found.

    Attributes:
        looked_at: slices among which these are.
        judged_on: rows that they were judged on.
        is_halved: whether these are other rows than those that the slices were found on.
    """

    slices: tuple[Slice, ...]
    looked_at: int
    judged_on: int
    is_halved: bool


@dataclass(frozen=True)
class _Judged:
    """A slice that was found, as far as it was tested: its adjusted p-value, and how many were tested with it."""

    condition: Condition
    p_value: float
    tested: int


def search(
    attributes: Sequence[Attribute], merits: Values, of_shares: bool, options: SliceOptions, confidence: float
) -> Search:
    """The worst slices of n rows, no more than asked for, and only those that hold against chance.

    Args:
        merits: n, higher is better.
        of_shares: whether each of them is 0 or 1.
    """
    level = merits if of_shares else merits - merits.mean()  # squares of small numbers lose no digits
    halved = len(merits) >= ENOUGH_TO_HALVE * options.minimum_rows
    find = _half(len(merits)) if halved else np.ones(len(merits), np.bool_)
    judge = ~find if halved else find
    seen = [Attribute(each.names, each.codes[find]) for each in attributes]
    known = candidates(seen, level[find], options.max_depth, options.minimum_rows)
    if halved:
        chosen = _worst(seen, known, level[find], options, np.ones(len(known), np.bool_))
        judged = _judged_apart(
            attributes, [known.conditions[place] for place in chosen], level, of_shares, judge, options
        )
    else:
        judged = _judged_together(seen, known, level, of_shares, options)
    holding = [each for each in judged if each.p_value <= options.false_discovery_rate]
    slices = [
        _slice(attributes, each, merits, of_shares, judge, coverage(len(holding), each.tested, confidence))
        for each in holding
    ]
    return Search(tuple(slices), len(known), int(judge.sum()), halved)


def _judged_apart(
    attributes: Sequence[Attribute],
    found: Sequence[Condition],
    level: Values,
    of_shares: bool,
    judge: Mask,
    options: SliceOptions,
) -> list[_Judged]:
    """Test what was found on rows that it was not found on; one with too few of these does not hold."""
    own = joined([total(level[picked(attributes, each) & judge]) for each in found])
    p = p_values(own, own.rest(total(level[judge])), of_shares)
    p = adjusted(np.where(own.counts >= options.minimum_rows, p, 1.0), len(found))
    return [_Judged(each, float(value), len(found)) for each, value in zip(found, p, strict=True)]


def _judged_together(
    attributes: Sequence[Attribute], known: Candidates, level: Values, of_shares: bool, options: SliceOptions
) -> list[_Judged]:
    """Test all that was looked at on the rows that it is found on, and take the worst of what holds."""
    p = p_values(known.sums, known.sums.rest(total(level)), of_shares)
    p = adjusted(p, len(known))
    chosen = _worst(attributes, known, level, options, p <= options.false_discovery_rate)
    return [_Judged(known.conditions[place], float(p[place]), len(known)) for place in chosen]


def _worst(
    attributes: Sequence[Attribute], known: Candidates, level: Values, options: SliceOptions, holds: Mask
) -> list[int]:
    """The slices whose gap to the rest is surely the largest, with no two that are much the same rows."""
    rest = known.sums.rest(total(level))
    bounds = gap_bounds(known.sums, rest, _Z)
    asked = np.flatnonzero(holds & (effects(known.sums, rest) >= options.minimum_effect) & (bounds > 0))
    chosen: list[int] = []
    masks: list[Mask] = []
    for place in asked[np.argsort(-bounds[asked], kind="stable")].tolist():
        mask = picked(attributes, known.conditions[place])
        if len(chosen) < options.automatic and not any(_tells_nothing_new(mask, other) for other in masks):
            chosen.append(place)
            masks.append(mask)
    return chosen


def _tells_nothing_new(mask: Mask, other: Mask) -> bool:
    """Whether rows lie within those of another slice, or are mostly the same."""
    both = int((mask & other).sum())
    return both == int(mask.sum()) or both > _ALIKE * int((mask | other).sum())


def _slice(
    attributes: Sequence[Attribute], judged: _Judged, merits: Values, of_shares: bool, judge: Mask, confidence: float
) -> Slice:
    mask = picked(attributes, judged.condition)
    own, rest = merits[mask & judge], merits[~mask & judge]
    return Slice(
        name=in_words(attributes, judged.condition),
        found="automatic",
        rows=len(own),
        metric=mean_interval(own, of_shares, confidence),
        rest=float(rest.mean()),
        p_value=judged.p_value,
    )


def _half(rows: int) -> Mask:
    """A random half, the same for the same number of rows."""
    half = np.zeros(rows, np.bool_)
    half[np.random.default_rng(_SEED).permutation(rows)[: rows // 2]] = True
    return half
