"""Labels that look wrong, by confident learning (Northcutt, Jiang and Chuang 2021), with cleanlab.

Every label is judged by a classifier that did not see it. The labels that cleanlab finds wrong by the paper's pruning
by noise rate are then kept from the classifier, and all are judged again in other folds; the mean of both is the
verdict. How many labels are suspects is estimated from the confident joint; which ones, by how little the verdict
believes them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from infra.errors import DataError
from tasks.label.classifier import Floats, Places, out_of_fold
from tasks.label.config import SuspectOptions
from tasks.label.extra import import_extra


@dataclass(frozen=True)
class Suspects:
    """Rows whose label looks wrong, the most suspicious first.

    Attributes:
        places: of the rows.
        suggested: places of the labels that the judge holds most probable but for the given one.
        scores: how probable it is that the given label is wrong, from 0 to 1.
    """

    places: Places
    suggested: Places
    scores: Floats


def find_suspects(rows: pa.Table, labels: Sequence[str], options: SuspectOptions, seed: int) -> Suspects:
    """Judge the label of every row by its other columns.

    Raises:
        DataError: fewer than two labels, or none on two rows.
        MachineError: cleanlab is not installed.
    """
    names = sorted(set(labels))
    if len(names) < 2 or len(labels) < len(names) + 2:
        raise DataError(
            "labels",
            found=f"{len(names)} on {len(labels)} rows",
            allowed="two labels or more, on several rows each",
            action="Label more rows first: lepton label next.",
        )
    given = np.searchsorted(np.array(names, dtype=object), np.array(labels, dtype=object)).astype(np.int64)
    return suspects_of(given, judge(rows, given, len(names), options.folds, seed))


def suspects_of(given: Places, verdict: Floats) -> Suspects:
    """The suspects among labels, given as places, by how probable a judge holds each label, (rows, labels)."""
    flagged = _issues(given, verdict, "low_self_confidence")
    doubt = 1.0 - verdict[np.arange(len(given)), given]
    places = np.flatnonzero(flagged)
    places = places[np.argsort(-doubt[places], kind="stable")]
    others = verdict[places].copy()
    others[np.arange(len(places)), given[places]] = -1.0
    return Suspects(places, others.argmax(axis=1), doubt[places])


def judge(rows: pa.Table, given: Places, classes: int, folds: int, seed: int) -> Floats:
    """Probabilities of each label by classifiers that saw neither the row nor, in the second half, likely errors."""
    everything = np.ones(len(given), np.bool_)
    first = out_of_fold(rows, given, classes, folds, seed, everything)
    trusted = ~_issues(given, first, "prune_by_noise_rate")
    second = out_of_fold(rows, given, classes, folds, seed + 1, trusted)
    mean: Floats = (first + second) / 2
    return mean


def _issues(given: Places, probabilities: Floats, method: str) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    cleanlab = import_extra("cleanlab.filter")
    flagged: np.ndarray[tuple[int], np.dtype[np.bool_]] = cleanlab.find_label_issues(
        given, probabilities, filter_by=method, n_jobs=1
    )
    return flagged
