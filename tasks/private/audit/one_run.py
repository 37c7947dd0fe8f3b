"""How much privacy one training lost at least, told by canaries that were or were not in it.

Steinke, Nasr and Jagielski 2023, "Privacy auditing with one (1) training run" (arXiv:2305.08846): each canary is in the
training by a fair coin of its own; afterwards the auditor says of some which side the coin fell on, by their scores.
The better he guesses, the less private the training was.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

Scores = NDArray[np.floating[Any]]
_MOST_EPSILON = 100.0
_HALVINGS = 30  # to 1e-7


@dataclass(frozen=True)
class Plan:
    """Of which canaries something is said; fixed before scores are seen.

    Attributes:
        inside: share of the canaries, those with the highest scores, that are said to be in.
        outside: share, those with the lowest scores, that are said to be out.
    """

    inside: float
    outside: float


PLANS = (Plan(0.02, 0.0), Plan(0.1, 0.0), Plan(0.05, 0.05), Plan(0.15, 0.15), Plan(0.5, 0.5))
"""Those that are tried: weak traces show in many guesses, and strong ones of few canaries in the highest scores."""


@dataclass(frozen=True)
class Audited:
    """The plan that told most, its guesses, and the bound that holds although several plans were tried."""

    epsilon_lower: float
    canaries: int
    included: int
    guesses: int
    correct: int
    plan: Plan


def audit(
    scores: Scores, included: NDArray[np.bool_], delta: float, confidence: float, plans: Sequence[Plan] = PLANS
) -> Audited:
    """The largest of the plans' bounds, each at a confidence that makes all hold together (union bound).

    Args:
        scores: (m,) higher where a canary looks more like one that was learned from.
        included: (m,) the coins.
    """
    each = 1 - (1 - confidence) / len(plans)
    found = [_by_plan(plan, scores, included, delta, each) for plan in plans]
    return max(found, key=lambda one: (one.epsilon_lower, one.guesses))


def provable(canaries: int, delta: float, confidence: float, plans: Sequence[Plan] = PLANS) -> float:
    """The largest bound that so many canaries can prove, if every guess is correct; a larger claim is not tested."""
    each = 1 - (1 - confidence) / len(plans)
    guesses = [sum(_numbers(plan, canaries)) for plan in plans]
    return max(lower_bound(number, number, canaries, delta, each) for number in guesses)


def _numbers(plan: Plan, canaries: int) -> tuple[int, int]:
    """How many are said to be in, and out."""
    return int(plan.inside * canaries), int(plan.outside * canaries)


def _by_plan(plan: Plan, scores: Scores, included: NDArray[np.bool_], delta: float, confidence: float) -> Audited:
    order = np.argsort(scores, kind="stable")[::-1]
    highest, lowest = _numbers(plan, len(scores))
    correct = int(included[order[:highest]].sum() + (~included[order[len(order) - lowest :]]).sum())
    guesses = highest + lowest
    bound = lower_bound(correct, guesses, len(scores), delta, confidence)
    return Audited(bound, len(scores), int(included.sum()), guesses, correct, plan)


@lru_cache(maxsize=1024)
def lower_bound(correct: int, guesses: int, canaries: int, delta: float, confidence: float) -> float:
    """The largest epsilon that so many correct guesses refute: 0 where they refute none.

    A training that is (epsilon, delta)-private, one canary being there or not, exceeds its own epsilon by this bound in
    at most 1 - `confidence` of all trainings. At most 100 is told.
    """
    doubt = 1 - confidence
    if p_value(correct, guesses, canaries, 0.0, delta) >= doubt:
        return 0.0
    low, high = 0.0, _MOST_EPSILON
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if p_value(correct, guesses, canaries, middle, delta) < doubt:
            low = middle
        else:
            high = middle
    return low


def p_value(correct: int, guesses: int, canaries: int, epsilon: float, delta: float) -> float:
    """The most likely that so many guesses or more can be correct about an (epsilon, delta)-private training.

    Theorem 5.2 there: with W of Binomial(guesses, e^epsilon / (1 + e^epsilon)),
    P[W >= v] + 2 m delta max_{i <= v} P[v > W >= v - i] / i.
    """
    if not 0 <= correct <= guesses <= canaries:
        raise ValueError(f"{correct} of {guesses} guesses about {canaries} canaries")
    chance = 1 / (1 + math.exp(-epsilon))
    by_chance = float(binom.sf(correct - 1, guesses, chance))
    if not (correct and delta):
        return by_chance
    below = np.cumsum(binom.pmf(np.arange(correct - 1, -1, -1), guesses, chance))
    steepest = float(np.max(below / np.arange(1, correct + 1)))
    return min(1.0, by_chance + 2 * canaries * delta * steepest)
