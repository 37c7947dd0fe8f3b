"""Rows of which a model's answer is another than before."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tasks.evaluate.heads import HeadAnswers, ToldClasses, ToldLabels, ToldNumbers, ToldTags
from tasks.evaluate.metrics import Places
from tasks.evaluate.scored import Classes, Heads, Numbers, Scored

Values = NDArray[np.float64]
Changed = NDArray[np.bool_]


def changed(before: Scored, places: Places, after: Scored) -> Changed:
    """Of n rows whether the model tells another class, other labels or tags, or a number that is quite another.

    That is one that moved by more than the model's mean absolute error. Of a retrieval: another rank of the true
    answer.

    Args:
        places: n rows of `before`, which `after` has disturbed.
    """
    match before, after:
        case Classes(), Classes():
            return np.asarray(before.answers.told[places] != after.answers.told)
        case Numbers(), Numbers():
            return _moved(before.told[places], after.told, before.told - before.truth)
        case Heads(), Heads():
            pairs = [(before.answers[head.output], after.answers[head.output]) for head in before.heads]
            return np.asarray(np.logical_or.reduce([_head(one, places, other) for one, other in pairs]))
        case _:
            return np.asarray(before.merits[places] != after.merits)


def _head(before: HeadAnswers, places: Places, after: HeadAnswers) -> Changed:
    """A head is asked where it has the truth; elsewhere nothing changed."""
    result = np.zeros(len(places), np.bool_)
    asked = before.known[places]
    own = (np.cumsum(before.known) - 1)[places[asked]]
    match before, after:
        case ToldClasses(), ToldClasses():
            result[asked] = before.answers.told[own] != after.answers.told
        case ToldLabels(), ToldLabels():
            result[asked] = (before.said[own, : before.labels] != after.said[:, : after.labels]).any(axis=1)
        case ToldNumbers(), ToldNumbers():
            result[asked] = _moved(before.told[own], after.told, before.told - before.truth)
        case ToldTags(), ToldTags():
            result[asked] = [list(before.told[one]) != list(other) for one, other in zip(own, after.told, strict=True)]
    return result


def _moved(before: Values, after: Values, errors: Values) -> Changed:
    return np.asarray(np.abs(before - after) > np.abs(errors).mean())
