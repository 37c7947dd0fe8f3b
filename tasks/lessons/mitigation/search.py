"""One threshold for each group, so that rates are alike and as few rows as possible are told wrong.

Hardt, Price and Srebro, Equality of opportunity in supervised learning, 2016, without their randomisation: a group's
rates can only be those of its thresholds, on its ROC curve, so that rates are alike within a slack.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tasks.lessons.mitigation.config import Constraint

Floats = NDArray[np.float64]
CANDIDATES = 400
"""Thresholds of a group that are tried, evenly by rank."""
CORNERS = 200
"""Least rates that are tried, of each kind."""
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Curve:
    """What a group's thresholds (t,) lead to.

    Attributes:
        right: weight of the group's rows that are told right.
        rates: (t, 1) the share that is told the favourable label; or (t, 2) that share among those who don't have it,
            and among those who do.
    """

    thresholds: Floats
    right: Floats
    rates: Floats


def group_curve(scores: Floats, is_favourable: NDArray[np.bool_], weights: Floats, constraint: Constraint) -> Curve:
    """The curve of a group whose rows (n,) are told the favourable label where their score is above the threshold.

    Thresholds lie halfway between scores, and at both ends beyond all of them.
    """
    distinct = np.unique(scores)
    between = np.concatenate([[-np.inf], (distinct[1:] + distinct[:-1]) / 2, [np.inf]])
    few = _thinned(between, CANDIDATES)
    has, has_not = (_above(scores, weights * chosen, few) for chosen in (is_favourable, ~is_favourable))
    positive, negative = weights[is_favourable].sum(), weights[~is_favourable].sum()
    if constraint == "demographic_parity":
        rates = ((has + has_not) / (positive + negative))[:, None]
    else:
        rates = np.stack([has_not / negative, has / positive], axis=1)
    return Curve(few, has + negative - has_not, rates)


def alike(curves: Sequence[Curve], slack: float) -> list[float]:
    """For each group the threshold, by which none of the rates are farther apart than `slack`, and most rows are right.

    All boxes of rates are tried whose lower corners have rates of the curves, or CORNERS of them. There is always an
    answer: to tell nobody the favourable label.
    """
    kinds = curves[0].rates.shape[1]
    lows = [_corners(np.concatenate([curve.rates[:, kind] for curve in curves])) for kind in range(kinds)]
    best, found = -np.inf, (0.0,) * kinds
    for first in lows[0]:
        right = np.sum([_most_right(curve, first, lows[-1], slack) for curve in curves], axis=0)
        place = int(np.argmax(right))
        if right[place] > best + _ROUNDING:
            best, found = float(right[place]), (first, lows[-1][place])[:kinds]
    return [_best_in(curve, np.array(found), slack) for curve in curves]


def _most_right(curve: Curve, first: float, lasts: Floats, slack: float) -> Floats:
    """The most that is right of a group in each box (c,) with the lower corner `first`, `lasts`; -inf in empty ones."""
    inside = _within(curve.rates[:, 0], first, slack)
    rates, right = curve.rates[inside, -1], curve.right[inside]
    if not len(rates):
        return np.full(len(lasts), -np.inf)
    lows = np.full(len(lasts), first) if curve.rates.shape[1] == 1 else lasts
    told: Floats = np.where(_within(rates[None, :], lows[:, None], slack), right[None, :], -np.inf).max(axis=1)
    return told


def _best_in(curve: Curve, lows: Floats, slack: float) -> float:
    inside = _within(curve.rates, lows, slack).all(axis=1)
    return float(curve.thresholds[inside][np.argmax(curve.right[inside])])


def _within(rates: Floats, low: Floats | float, slack: float) -> NDArray[np.bool_]:
    return np.asarray((rates >= low - _ROUNDING) & (rates <= low + slack + _ROUNDING))


def _corners(rates: Floats) -> Floats:
    distinct = np.unique(rates)
    return np.asarray(_thinned(distinct, CORNERS))


def _thinned(values: Floats, most: int) -> Floats:
    """Up to so many of them, evenly by rank, the first and the last among them."""
    return np.asarray(values[np.linspace(0, len(values) - 1, min(most, len(values))).round().astype(int)])


def _above(scores: Floats, weights: Floats, thresholds: Floats) -> Floats:
    """The weight of the rows whose score is above each threshold."""
    order = np.argsort(scores)
    sums = np.concatenate([[0.0], np.cumsum(weights[order])])
    above: Floats = sums[-1] - sums[np.searchsorted(scores[order], thresholds, side="right")]
    return above
