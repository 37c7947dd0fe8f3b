"""Whether a classifier notices what is none of its business (Larson et al. 2019)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from infra.errors import DataError
from tasks.evaluate.classes import ClassAnswers
from tasks.evaluate.intervals.areas import area_of
from tasks.evaluate.intervals.bounds import bias_corrected, wilson
from tasks.evaluate.intervals.config import IntervalOptions
from tasks.evaluate.intervals.draws import draws
from tasks.reports.interval import Interval

RECALL, IN_SCOPE, AREA = "out_of_scope_recall", "in_scope_accuracy", "out_of_scope_auc"


@dataclass(frozen=True)
class Scope:
    """Rows within and without.

    Attributes:
        outside: rows whose truth is the out-of-scope label.
        told: rows of which the model says so.
        right: rows with the right class that are not told to be outside.
        strangeness: higher where the model is surer that a row is outside.
    """

    outside: NDArray[np.bool_]
    told: NDArray[np.bool_]
    right: NDArray[np.bool_]
    strangeness: NDArray[np.float64]


def scope(answers: ClassAnswers, label: str, threshold: float) -> Scope:
    """Told by the class of that name, where the model has it, or by a largest probability below the threshold.

    Strangeness is the probability of that class, else what the largest probability lacks to 1.

    Raises:
        DataError: no row, or every row, has the label.
    """
    outside = np.array([name == label for name in answers.truth], np.bool_)
    if outside.all() or not outside.any():
        raise DataError(
            "evaluate.out_of_scope",
            found=f"{int(outside.sum())} of {len(outside)} test rows with the label {label!r}",
            allowed="rows with it and rows without",
            action="Name the label that such rows have, or leave the option empty.",
        )
    probabilities = answers.probabilities.astype(np.float64)
    sure = probabilities.max(axis=1)
    told = sure < threshold
    if label not in answers.labels:
        return Scope(outside, told, answers.right & ~told, 1 - sure)
    place = answers.labels.index(label)
    told = told | (answers.told == place)
    return Scope(outside, told, answers.right & ~told, probabilities[:, place])


def scope_intervals(found: Scope, options: IntervalOptions) -> dict[str, Interval]:
    """Recall of rows outside, accuracy of those inside, and the area under the ROC curve of strangeness."""
    outside, inside = found.outside, ~found.outside
    area = area_of(found.strangeness, outside, np.ones(len(outside), np.bool_))
    value = float(area.of(np.ones((len(outside), 1), np.float32))[0])
    drawn = np.concatenate([area.of(weights) for weights in draws(len(outside), options.resamples)])
    return {
        RECALL: wilson(int(found.told[outside].sum()), int(outside.sum()), options.confidence),
        IN_SCOPE: wilson(int(found.right[inside].sum()), int(inside.sum()), options.confidence),
        AREA: bias_corrected(value, drawn, options.confidence),
    }
