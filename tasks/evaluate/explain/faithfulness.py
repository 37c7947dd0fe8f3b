"""Whether what an explanation calls important is: what taking it away does, against taking away by chance.

Deletion curves after Samek et al. 2017 and Petsiuk, Das and Saenko 2018. An explanation that orders parts no better
than chance explains nothing, whatever its pictures look like.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tasks.evaluate.explain.game import Game, Masks, Values
from tasks.evaluate.intervals.draws import draws
from tasks.reports.explanation import Faithfulness
from tasks.reports.interval import Interval

STAGES = 6  # of a curve: parts go in so many lots, or one by one where there are fewer
FEW_ORDERS = 5  # of a row among many
_LEAST_PARTS = 5  # with fewer a row has too few orders for any to stand out
_LEAST_ROWS = 5
_RESAMPLES = 1000
_ROUNDING = 1e-6  # a gain below it is arithmetic


@dataclass(frozen=True)
class Curves:
    """Heights of deletion curves of one row: the mean output while parts go.

    Attributes:
        deletion: those with most weight first.
        random: of each random order.
    """

    deletion: float
    random: Values

    @property
    def gain(self) -> float:
        """How much lower the explanation's curve is than those of chance."""
        return float(self.random.mean()) - self.deletion


def curves(game: Game, weights: Values, orders: int) -> Curves:
    """The curve of an explanation of a row with one part or more, and those of so many random orders.

    The random orders are the same for every explanation of a row.
    """
    random = np.random.default_rng(len(weights))
    told = np.argsort(-weights, kind="stable")
    chance = [random.permutation(len(weights)) for _ in range(orders)]
    masks = [_stages(order) for order in (told, *chance)]
    heights = game.worth(np.concatenate(masks)).reshape(len(masks), -1).mean(axis=1)
    return Curves(float(heights[0]), heights[1:])


def many_orders(confidence: float) -> int:
    """Random orders of which the best one beats an unfaithful order as seldom as a two-sided interval allows."""
    return math.ceil(round(2 / (1 - confidence), 6)) - 1  # rounded: 1 - 0.95 is a little less than 0.05


def of_row(game: Game, weights: Values, confidence: float) -> Faithfulness | None:
    """Faithfulness of one explanation: its curve must lie below those of all but a few random orders.

    The interval holds the differences to the middle random orders, so it is a permutation test: an explanation that
    orders by chance passes in (1 - confidence) / 2 of rows.

    Returns:
        None where a row has too few parts to tell.
    """
    if len(weights) < _LEAST_PARTS:
        return None
    found = curves(game, weights, many_orders(confidence))
    differences = np.sort(found.random - found.deletion)
    outside = int((1 - confidence) / 2 * (len(differences) - 1))
    low, high = float(differences[outside]), float(differences[-1 - outside])
    return _faithfulness(found.deletion, float(found.random.mean()), Interval(value=found.gain, low=low, high=high))


def of_rows(found: Sequence[Curves], confidence: float) -> Faithfulness:
    """Faithfulness of one method over rows: its mean gain must lie above 0, by bootstrap over the rows."""
    gains = np.array([row.gain for row in found])
    deletion = float(np.mean([row.deletion for row in found])) if found else 0.0
    gain = mean_interval(gains, confidence)
    return _faithfulness(deletion, deletion + gain.value, gain)


def mean_interval(values: Values, confidence: float) -> Interval:
    """A mean with its percentile bootstrap interval (Efron 1979); of too few rows without one."""
    mean = float(values.mean()) if len(values) else 0.0
    if len(values) < _LEAST_ROWS:
        return Interval(value=mean, low=None, high=None)
    means = np.concatenate([values @ drawn for drawn in draws(len(values), _RESAMPLES)]) / len(values)
    low, high = np.quantile(means, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Interval(value=mean, low=float(low), high=float(high))


def _faithfulness(deletion: float, random: float, gain: Interval) -> Faithfulness:
    is_faithful = gain.low is not None and gain.low > _ROUNDING
    return Faithfulness(deletion=deletion, random=random, gain=gain, is_faithful=is_faithful)


def _stages(order: NDArray[np.int64]) -> Masks:
    """What is left after each lot of an order is gone; the end of every curve, nothing, is no stage."""
    parts = len(order)
    stages = min(STAGES, parts)
    gone = np.ceil(np.arange(1, stages + 1) * parts / stages).astype(int)
    masks = np.ones((stages, parts), np.bool_)
    for row, count in enumerate(gone):
        masks[row, order[:count]] = False
    return masks[:-1] if stages > 1 else masks
