"""How well scores tell members from others: the area under the curve, and what is found at few false alarms.

The rates at low false-positive rates are what counts (Carlini et al. 2022, "Membership inference attacks from first
principles"): an attack that is sure of few people harms them, though its average is no better than chance.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict
from scipy.stats import beta, norm, rankdata

Scores = NDArray[np.floating[Any]]
FALSE_POSITIVE_RATES = (0.001, 0.01)
_CONFIDENCE = 0.95
_POINTS = 400


class Rate(BaseModel):
    """The share of members that stand out at one false-positive rate, with its 95 % interval.

    Attributes:
        false_positive_rate: what was allowed; what others really reach lies at or below it.
        low, high: Clopper and Pearson's interval over members; the threshold is taken as given.
    """

    model_config = ConfigDict(frozen=True)

    false_positive_rate: float
    true_positive_rate: float
    low: float
    high: float


class Roc(BaseModel):
    """One attack. `curve` has pairs of false- and true-positive rates, from (0, 0) to (1, 1)."""

    model_config = ConfigDict(frozen=True)

    attack: str
    members: int
    others: int
    auc: float
    auc_low: float
    auc_high: float
    rates: tuple[Rate, ...]
    curve: tuple[tuple[float, float], ...]


def roc(attack: str, members: Scores, others: Scores) -> Roc:
    """The curve of scores that are higher for members, if the attack is any good."""
    area, error = area_under(members, others)
    reach = float(norm.ppf((1 + _CONFIDENCE) / 2)) * error
    return Roc(
        attack=attack,
        members=len(members),
        others=len(others),
        auc=area,
        auc_low=max(0.0, area - reach),
        auc_high=min(1.0, area + reach),
        rates=tuple(rate(members, others, share) for share in FALSE_POSITIVE_RATES),
        curve=_curve(members, others),
    )


def rate(members: Scores, others: Scores, false_positive_rate: float) -> Rate:
    """What is found by the lowest threshold that at most this share of `others` exceeds."""
    allowed = int(false_positive_rate * len(others))
    threshold = np.sort(others)[::-1][allowed] if allowed < len(others) else -np.inf
    found = int((members > threshold).sum())
    low, high = clopper_pearson(found, len(members))
    return Rate(false_positive_rate=false_positive_rate, true_positive_rate=found / len(members), low=low, high=high)


def area_under(members: Scores, others: Scores) -> tuple[float, float]:
    """The area under the curve, which is how often a member scores above another, ties by half; and its standard error.

    By ranks, after Sun and Xu 2014, "Fast implementation of DeLong's algorithm".
    """
    ranks = rankdata(np.concatenate([members, others]))
    above = (ranks[: len(members)] - rankdata(members)) / len(others)  # share of others below each member
    below = 1 - (ranks[len(members) :] - rankdata(others)) / len(members)
    variance = sum(float(part.var(ddof=1)) / len(part) if len(part) > 1 else 0.0 for part in (above, below))
    return float(above.mean()), float(np.sqrt(variance))


def clopper_pearson(found: int, of: int, confidence: float = _CONFIDENCE) -> tuple[float, float]:
    """The exact interval of a share."""
    tail = (1 - confidence) / 2
    low = float(beta.ppf(tail, found, of - found + 1)) if found else 0.0
    high = float(beta.ppf(1 - tail, found + 1, of - found)) if found < of else 1.0
    return low, high


def _curve(members: Scores, others: Scores) -> tuple[tuple[float, float], ...]:
    """Points at all thresholds, or where these are many at false-positive rates that a log scale shows evenly."""
    thresholds = np.unique(others)[::-1]
    false, true = _shares(others, thresholds), _shares(members, thresholds)
    if len(thresholds) > _POINTS:
        wanted = np.geomspace(1 / len(others), 1.0, _POINTS)
        kept = np.unique(np.searchsorted(false, wanted).clip(0, len(false) - 1))
        false, true = false[kept], true[kept]
    inner = zip(false.tolist(), true.tolist(), strict=True)
    return ((0.0, float((members > others.max()).mean())), *inner, (1.0, 1.0))


def _shares(scores: Scores, thresholds: Scores) -> NDArray[np.float64]:
    """The share of scores at or above each threshold."""
    return 1 - np.searchsorted(np.sort(scores), thresholds, side="left") / len(scores)
