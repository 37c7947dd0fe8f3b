"""How far groups are apart in what a classifier does to them.

With selection rates s, true positive rates t and false positive rates f of groups g, and max over all pairs g, h:

    demographic_parity_difference  max |s_g - s_h|                             fairlearn
    demographic_parity_ratio       min s_g / s_h, the disparate impact         fairlearn; Feldman et al. 2015
    equal_opportunity_difference   max |t_g - t_h|                             fairlearn; Hardt, Price and Srebro 2016
    equal_opportunity_ratio        min t_g / t_h                               fairlearn
    equalized_odds_difference      the larger of max |t_g - t_h|, max |f_g - f_h|   fairlearn; Hardt et al. 2016
    equalized_odds_ratio           the smaller of min t_g / t_h, min f_g / f_h      fairlearn
    average_odds_difference        max (|t_g - t_h| + |f_g - f_h|) / 2         AIF360's, of absolute differences
    *_standard_deviation           of a rate over groups, each group counting once

All but the last are the largest |c r| over contrasts c of the rates r, or of their logarithms. To resample such a
maximum gives intervals that never reach down to "alike", since noise alone sets groups apart. So all contrasts are
bounded at once, each by q of its standard errors, where q covers the largest error in `confidence` of the draws
(max-t: Westfall and Young 1993; Romano and Wolf 2005), around the eased rates of `Counts.eased`. The maximum lies
between the largest lower and the largest upper bound. The deviation is a norm: its error is at most the norm of the
rates' errors. Each interval holds for itself, not all of them at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tasks.evaluate.fairness.counts import Counts, Values
from tasks.reports.interval import Interval

DRAWS = 1000
_SEED = 7
_RATES = ("selection_rate", "accuracy", "false_positive_rate", "false_negative_rate")


def _pairs(groups: int) -> Values:
    """The difference of each pair of rates: pairs by groups."""
    first, second = np.triu_indices(groups, 1)
    unit = np.eye(groups)
    return unit[first] - unit[second]


def _each(pairs: Values) -> Values:
    """Differences of the first rate, and those of the second."""
    nothing = np.zeros_like(pairs)
    return np.block([[pairs, nothing], [nothing, pairs]])


def _mean(pairs: Values) -> Values:
    """Half of the sum of both differences and half of their difference; the larger is the mean of the absolute ones."""
    return np.block([[pairs, pairs], [pairs, -pairs]]) / 2


@dataclass(frozen=True)
class _Disparity:
    rates: tuple[str, ...]
    joined: Callable[[Values], Values] = np.asarray
    is_ratio: bool = False


_ODDS = ("true_positive_rate", "false_positive_rate")
_DISPARITIES: Mapping[str, _Disparity] = {
    "demographic_parity_difference": _Disparity(("selection_rate",)),
    "demographic_parity_ratio": _Disparity(("selection_rate",), is_ratio=True),
    "equal_opportunity_difference": _Disparity(("true_positive_rate",)),
    "equal_opportunity_ratio": _Disparity(("true_positive_rate",), is_ratio=True),
    "equalized_odds_difference": _Disparity(_ODDS, _each),
    "equalized_odds_ratio": _Disparity(_ODDS, _each, is_ratio=True),
    "average_odds_difference": _Disparity(_ODDS, _mean),
}


def disparities(counts: Counts, confidence: float) -> dict[str, Interval]:
    """All of them, over the groups whose rates can be told; what fewer than two groups can tell is left out.

    Args:
        counts: of G groups, without draws.
    """
    if len(counts.rows) < 2:
        return {}
    drawn = counts.drawn(DRAWS, np.random.default_rng(_SEED))
    found = {name: _disparity(each, counts, drawn, confidence) for name, each in _DISPARITIES.items()}
    found |= {f"{rate}_standard_deviation": _deviation(rate, counts, drawn, confidence) for rate in _RATES}
    return {name: interval for name, interval in found.items() if interval is not None}


def _disparity(disparity: _Disparity, counts: Counts, drawn: Counts, confidence: float) -> Interval | None:
    known = _known(disparity.rates, counts)
    if known.sum() < 2:
        return None
    contrasts = disparity.joined(_pairs(int(known.sum())))
    rates, eased, sampled = (
        np.concatenate([rate[..., known] for rate in _rates(disparity.rates, each)], axis=-1)
        for each in (counts, counts.eased(), drawn)
    )
    if disparity.is_ratio:
        return _smallest_ratio(contrasts, rates.reshape(len(disparity.rates), -1), eased, sampled, confidence)
    value = float(np.abs(contrasts @ rates).max())
    low, high = _bounds(contrasts, eased, sampled, confidence)
    return Interval(value=value, low=min(value, low), high=min(1.0, max(value, high)))


def _smallest_ratio(
    contrasts: Values, rates: Values, eased: Values, sampled: Values, confidence: float
) -> Interval | None:
    """The smallest by the largest of each kind of rate, `rates` being kinds by groups; None where one is 0 by 0."""
    if not rates.max(axis=1).all():
        return None
    value = float((rates.min(axis=1) / rates.max(axis=1)).min())
    low, high = _bounds(contrasts, np.log(eased), np.log(sampled), confidence)
    return Interval(value=value, low=min(value, float(np.exp(-high))), high=max(value, float(np.exp(-low))))


def _bounds(contrasts: Values, centre: Values, sampled: Values, confidence: float) -> tuple[float, float]:
    """Of the largest absolute contrast: contrasts are C by R, `centre` has R rates, `sampled` draws by R."""
    errors = (sampled - sampled.mean(axis=0)) @ contrasts.T
    spreads = errors.std(axis=0)
    reach = np.quantile((np.abs(errors) / spreads).max(axis=1), confidence) * spreads
    sizes = np.abs(contrasts @ centre)
    return max(0.0, float((sizes - reach).max())), float((sizes + reach).max())


def _deviation(rate: str, counts: Counts, drawn: Counts, confidence: float) -> Interval | None:
    known = _known((rate,), counts)
    if known.sum() < 2:
        return None
    rates, eased, sampled = (_rates((rate,), each)[0][..., known] for each in (counts, counts.eased(), drawn))
    reach = float(np.quantile((sampled - sampled.mean(axis=0)).std(axis=1), confidence))
    value, centre = float(rates.std()), float(eased.std())
    return Interval(value=value, low=min(value, max(0.0, centre - reach)), high=max(value, min(0.5, centre + reach)))


def _known(rates: tuple[str, ...], counts: Counts) -> NDArray[np.bool_]:
    """Groups with a row that can tell each of the rates."""
    shares = counts.shares()
    known: NDArray[np.bool_] = np.logical_and.reduce([shares[rate][1] > 0 for rate in rates])
    return known


def _rates(rates: tuple[str, ...], counts: Counts) -> list[Values]:
    shares = counts.shares()
    return [part / np.where(whole > 0, whole, np.nan) for part, whole in (shares[rate] for rate in rates)]
