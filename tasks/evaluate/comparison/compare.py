"""The candidate beside the champion, metric by metric."""

from __future__ import annotations

from itertools import chain

import numpy as np

from tasks.evaluate.comparison.tests import Right, Values, delong, mcnemar, resampled_p
from tasks.evaluate.heads import ToldClasses, ToldLabels
from tasks.evaluate.intervals.bounds import FEWEST_ROWS, bias_corrected, matched
from tasks.evaluate.intervals.config import IntervalOptions
from tasks.evaluate.intervals.measure import resampled
from tasks.evaluate.intervals.shares import shares
from tasks.evaluate.metrics import UNKNOWN
from tasks.evaluate.scored import Classes, Heads, Scored
from tasks.reports.interval import Interval
from tasks.reports.quality import Difference

MCNEMAR = "McNemar's exact test"
DELONG = "DeLong's test"
BOOTSTRAP = "paired bootstrap"


def differences(candidate: Scored, champion: Scored, options: IntervalOptions) -> tuple[Difference, ...]:
    """Every metric that both have, on the same rows in the same order, candidate less champion.

    Shares of rows: Agresti and Min's interval and McNemar's test. The area of two classes: DeLong's test. All others,
    and the area's interval: the same bootstrap samples of rows for both models. An area leaves out rows whose label
    its model does not know, and so is left out itself where the two do not know the same.
    """
    rows = len(candidate.merits)
    figures = [scored.figures(np.arange(rows)) for scored in (candidate, champion)]
    rights = [shares(scored) for scored in (candidate, champion)]
    first, second = (resampled(scored, options) for scored in (candidate, champion))
    same_rows = unknown_labels(candidate) == unknown_labels(champion)
    names = [name for name in first if name in second and (same_rows or not name.endswith("auc"))]
    drawn = {name: first[name] - second[name] for name in names}
    alike = all(not np.nan_to_num(samples).any() for samples in drawn.values())
    found = []
    for name, samples in drawn.items():
        pair = figures[0][name], figures[1][name]
        if name in rights[0]:
            tested = _of_shares(rights[0][name], rights[1][name], options.confidence)
        else:
            tested = _of_samples(pair[0] - pair[1], samples, rows, alike, options.confidence)
        interval, p_value, test = tested
        if name == "auc" and (p_area := _of_area(candidate, champion)) is not None:
            p_value, test = p_area, DELONG
        found.append(
            Difference(
                metric=name, candidate=pair[0], champion=pair[1], difference=interval, p_value=p_value, test=test
            )
        )
    return tuple(found)


def unknown_labels(scored: Scored) -> tuple[str, ...]:
    """Labels of the rows that a model never saw, and so gets wrong; of heads behind the name of the output."""
    match scored:
        case Classes():
            return scored.answers.names[len(scored.answers.labels) :]
        case Heads():
            return tuple(chain.from_iterable(_of_head(output, answers) for output, answers in scored.answers.items()))
        case _:
            return ()


def _of_head(output: str, answers: object) -> list[str]:
    match answers:
        case ToldClasses():
            strange = answers.answers.names[len(answers.answers.labels) :]
        case ToldLabels():
            strange = answers.names[answers.labels :]
        case _:
            strange = ()
    return [f"{output}: {label}" for label in strange]


def _of_shares(first: Right, second: Right, confidence: float) -> tuple[Interval, float | None, str]:
    gained, lost = int((first & ~second).sum()), int((~first & second).sum())
    return matched(gained, lost, len(first), confidence), mcnemar(first, second), MCNEMAR


def _of_samples(
    difference: float, samples: Values, rows: int, alike: bool, confidence: float
) -> tuple[Interval, float | None, str]:
    """Models whose metrics are the same in every sample answer alike: there the difference is 0, and no doubt about it.

    One metric alone that never differs tells nothing: both may just be perfect on these rows.
    """
    if alike:
        return Interval(value=0.0, low=0.0, high=0.0), 1.0, BOOTSTRAP
    if rows < FEWEST_ROWS:
        return Interval(value=difference, low=None, high=None), None, BOOTSTRAP
    interval = bias_corrected(difference, samples, confidence)
    return interval, resampled_p(samples) if interval.low is not None else None, BOOTSTRAP


def _of_area(candidate: Scored, champion: Scored) -> float | None:
    """DeLong's p-value of two classifiers of the same two classes; rows of other labels are left out, as the area does.

    None of other models.
    """
    if not (isinstance(candidate, Classes) and isinstance(champion, Classes)):
        return None
    first, second = candidate.answers, champion.answers
    if first.labels != second.labels or len(first.labels) != 2:
        return None
    codes = np.where(first.codes < 2, first.codes, UNKNOWN)
    known = codes != UNKNOWN
    scores = [answers.probabilities[known, 1].astype(np.float64) for answers in (first, second)]
    return delong(scores[0], scores[1], codes[known] == 1)
