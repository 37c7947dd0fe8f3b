"""Whether the probability of the class told is the share of rows in which it is right."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tasks.evaluate.classes import ClassAnswers
from tasks.evaluate.intervals.bounds import FEWEST_ROWS, wilson
from tasks.evaluate.intervals.config import IntervalOptions
from tasks.evaluate.intervals.draws import draws
from tasks.evaluate.intervals.groups import Places, Values
from tasks.evaluate.metrics import UNKNOWN
from tasks.reports.interval import Interval
from tasks.reports.quality import Bin, CalibrationReport


def reliability(answers: ClassAnswers, bins: int, options: IntervalOptions, output: str = "") -> CalibrationReport:
    """By bins of equal width of the largest probability (Guo et al. 2017, section 2).

    The expected error is the mean over rows of how far a bin's mean probability lies from its share of right rows, the
    largest that of the worst bin. A label that the model does not know counts as wrong.
    """
    sure = answers.probabilities.max(axis=1).astype(np.float64)
    places = np.minimum((sure * bins).astype(np.int64), bins - 1)
    found = [
        _bin(place, bins, sure[inside], answers.right[inside], options.confidence)
        for place in range(bins)
        if (inside := places == place).any()
    ]
    gaps = np.array([abs(each.confidence - each.accuracy.value) for each in found])
    shares = np.array([each.rows for each in found]) / len(sure)
    error = float(gaps @ shares)
    return CalibrationReport(
        output=output,
        confidence=options.confidence,
        rows=len(sure),
        expected_error=_interval(error, sure - answers.right, places, bins, options),
        largest_error=float(gaps.max()),
        brier=brier(answers),
        bins=tuple(found),
    )


def brier(answers: ClassAnswers) -> float:
    """Mean over rows of the squared distance of probabilities from the truth (Brier 1950), summed over classes.

    Of two classes half of it, as is customary: the squared distance of one probability. A label that the model does
    not know is a class of its own with the probability 0.
    """
    probabilities, classes = answers.probabilities.astype(np.float64), len(answers.labels)
    codes = np.where(answers.codes < classes, answers.codes, UNKNOWN)
    true = np.eye(classes + 1)[codes][:, :classes]  # the last row, which UNKNOWN picks, is of no class
    distance = float((np.square(probabilities - true).sum(axis=1) + (codes == UNKNOWN)).mean())
    return distance / 2 if classes == 2 else distance


def _bin(place: int, bins: int, sure: Values, right: NDArray[np.bool_], confidence: float) -> Bin:
    return Bin(
        low=place / bins,
        high=(place + 1) / bins,
        rows=len(sure),
        confidence=float(sure.mean()),
        accuracy=wilson(int(right.sum()), len(right), confidence),
    )


def _interval(error: float, excess: Values, places: Places, bins: int, options: IntervalOptions) -> Interval:
    """Of the expected error; `excess` is by how much each row's probability is above what held, 1 or 0.

    The error is the sum of |G| with G the mean excess of rows in a bin, so an estimate is off by no more than the sum
    of |G' - G|, whose quantile bootstrap samples tell. The interval is therefore wider than need be, but holds where
    the error is 0, too; percentiles of the error itself do not: noise makes sums of sizes larger, and so do samples
    of it.
    """
    rows = len(excess)
    if rows < FEWEST_ROWS:
        return Interval(value=error, low=None, high=None)
    columns = np.eye(bins)[:, places] * (excess / rows)
    means = columns.sum(axis=1, keepdims=True)
    drawn = [np.abs(columns.astype(np.float32) @ each - means).sum(axis=0) for each in draws(rows, options.resamples)]
    off = float(np.quantile(np.concatenate(drawn), options.confidence))
    if off == 0:
        return Interval(value=error, low=None, high=None)
    return Interval(value=error, low=max(0.0, error - off), high=error + off)
