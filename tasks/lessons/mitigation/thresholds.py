"""A threshold for each group, stored in the model as a shift of the logit."""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from infra.errors import DataError
from tasks.features.columns import column, texts
from tasks.features.tabular import CategoryColumn, TabularFeatures, fit_category
from tasks.lessons.lesson import Lesson
from tasks.lessons.mitigation.cells import Cells, read_cells
from tasks.lessons.mitigation.config import MitigationOptions
from tasks.lessons.mitigation.odds import log_odds
from tasks.lessons.mitigation.search import alike, group_curve
from tasks.model.network import Network

log = logging.getLogger(__name__)
FARTHEST = 30.0
"""Shift for a threshold that all or none are above: odds of ten million millions."""


def moved(lesson: Lesson, options: MitigationOptions, rows: pa.Table) -> Lesson:
    """The lesson whose exported network takes the protected columns too, and decides by a threshold for each group.

    Probabilities move with the thresholds: they say what is decided, and are no longer calibrated. A row of a group
    that `rows` lack is decided as if there were no thresholds.

    Args:
        rows: of the train split, which thresholds are looked for on.

    Raises:
        DataError: there are more than two labels, one group, or a group without rows of a label.
    """
    features = lesson.features
    assert isinstance(features, TabularFeatures)
    known = rows.filter(pa.array([label in lesson.labels for label in texts(rows["label"])], pa.bool_()))
    check_two(lesson.labels, "threshold")
    cells = read_cells(options, known, lesson.labels, None)
    columns = tuple(fit_category(name, column(known, name)) for name in options.protected)
    features = features.model_copy(update={"groups": columns})

    def finish(network: Network) -> Network:
        from tasks.model.group_shift import shifted
        from tasks.model.tabular import raw_columns

        odds = log_odds(network, lesson.examples(known), cells.favourable)
        found = thresholds(odds, cells, options)
        for name, threshold in zip(cells.groups.names, found, strict=True):
            log.info("threshold of %s: log odds of %.3f", name, threshold)
        shifts = shift_table(columns, known, cells, found)
        exported = shifted(network.trained, [each.size for each in columns], shifts.tolist())
        return replace(network, exported=exported, columns=raw_columns(features))

    return replace(lesson, features=features, finish=finish)


def thresholds(odds: NDArray[np.float64], cells: Cells, options: MitigationOptions) -> list[float]:
    """The log odds of each group above which the favourable label is told, infinite ones as FARTHEST."""
    is_favourable, weights = cells.labels == cells.favourable, cells.weights.astype(np.float64)
    groups = [cells.groups.places == group for group in range(len(cells.groups.names))]
    curves = [group_curve(odds[own], is_favourable[own], weights[own], options.constraint) for own in groups]
    return [min(max(threshold, -FARTHEST), FARTHEST) for threshold in alike(curves, options.slack)]


def shift_table(
    columns: Sequence[CategoryColumn], rows: pa.Table, cells: Cells, found: Sequence[float]
) -> NDArray[np.float64]:
    """(crossings of places, 2): what is added to the logits of a row, by its places in the columns."""
    sizes = [each.size for each in columns]
    table = np.zeros((math.prod(sizes), 2))
    places = [each.encode(texts(column(rows, each.name))) for each in columns]
    crossings = np.ravel_multi_index(tuple(places), sizes)
    for group, threshold in enumerate(found):
        table[crossings[np.argmax(cells.groups.places == group)], cells.favourable] = -threshold
    return table


def check_two(labels: tuple[str, ...], method: str) -> None:
    """Refuse a method for two labels where there are more.

    Raises:
        DataError: so it is.
    """
    if len(labels) != 2:
        raise DataError(
            f"train.mitigation.method {method}",
            found=f"{len(labels)} labels",
            allowed="two labels",
            action="Take reweighing or adversarial.",
        )
