"""Metrics that are shares of rows, as the rows that count for each and whether they are right."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from tasks.evaluate import ranking
from tasks.evaluate.heads import HeadAnswers, ToldClasses, ToldLabels, is_right
from tasks.evaluate.scored import Classes, Heads, Numbers, Ranked, Retrieved, Scored
from tasks.features.heads import joined

Right = NDArray[np.bool_]


def shares(scored: Scored) -> Mapping[str, Right]:
    """By metric an entry for each row that counts; the metric is its mean."""
    match scored:
        case Classes():
            return {"accuracy": scored.answers.right}
        case Numbers():
            return {}
        case Retrieved():
            return {"recall_at_1": scored.ranks <= 1, "recall_at_10": scored.ranks <= 10}
        case Ranked():
            return {"hit_rate_at_10": np.array([own[0] <= ranking.CUT for own in scored.ranks], np.bool_)}
        case Heads():
            found = joined({head.output: _of_head(scored.answers[head.output]) for head in scored.heads})
            whole = np.logical_and.reduce([answers.known for answers in scored.answers.values()])
            together = {"frame_accuracy": is_right(scored.answers)[whole]}
            return {**found, **together} if len(scored.heads) > 1 and whole.any() else found


def _of_head(answers: HeadAnswers) -> Mapping[str, Right]:
    match answers:
        case ToldClasses():
            return {"accuracy": answers.right}
        case ToldLabels():
            return {"exact_match": answers.right}
        case _:
            return {}
