"""Rows to learn from, by group and label, and how they must count for both to have nothing to do with each other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from infra.errors import DataError
from tasks.features.columns import texts
from tasks.features.groups import Groups, find_groups
from tasks.lessons.mitigation.config import MitigationOptions

OPTION = "train.mitigation.protected"


@dataclass(frozen=True)
class Cells:
    """Group and label of each row.

    Attributes:
        groups: by the protected columns.
        labels: int (rows,), the place of each row's label among those that are learned.
        favourable: the place of the label that a person would want.
        weights: (rows,), the rows' own in the loss, with mean 1.
    """

    groups: Groups
    labels: NDArray[np.int32]
    favourable: int
    weights: NDArray[np.float32]

    @property
    def mass(self) -> NDArray[np.float64]:
        """(groups, labels): the weights of the rows of each cell, added up."""
        mass = np.zeros((len(self.groups.names), int(self.labels.max()) + 1))
        np.add.at(mass, (self.groups.places, self.labels), self.weights)
        return mass


def read_cells(
    options: MitigationOptions, rows: pa.Table, labels: tuple[str, ...], weights: NDArray[np.float32] | None
) -> Cells:
    """The cells of the rows to learn from.

    Raises:
        DataError: there is one group only, a group has no row of some label, or the favourable label is not there.
    """
    groups = find_groups(rows, options.protected, OPTION)
    places = {label: place for place, label in enumerate(labels)}
    told = np.array([places[label] for label in texts(rows["label"])], np.int32)
    own = np.ones(rows.num_rows, np.float32) if weights is None else weights
    cells = Cells(groups, told, favourable_place(options.favourable, labels), own)
    empty = np.argwhere(cells.mass == 0)
    if len(empty):
        group, label = empty[0]
        raise DataError(
            OPTION,
            found=f"no train row of group {groups.names[group]!r} with label {labels[label]!r}",
            allowed="rows of each label in each group",
            action="Give more rows, join rare groups by a cleaning rule, or cross fewer columns.",
        )
    return cells


def favourable_place(favourable: str, labels: tuple[str, ...]) -> int:
    """The place of the favourable label; the second of two where none is named.

    Raises:
        DataError: it is not there, or none is named where there are more than two.
    """
    if favourable in labels:
        return labels.index(favourable)
    if not favourable and len(labels) == 2:
        return 1
    raise DataError(
        "train.mitigation.favourable",
        found=repr(favourable) if favourable else f"none, and {len(labels)} labels",
        allowed=", ".join(labels),
        action="Name the label that a person would want.",
    )


def reweighed(cells: Cells) -> NDArray[np.float32]:
    """Weights under which label and group are independent: P(g) P(y) / P(g, y), times the row's own.

    Reweighing of Kamiran and Calders, Data preprocessing techniques for classification without discrimination, 2012.
    The mean stays 1.
    """
    mass = cells.mass / cells.mass.sum()
    factors = mass.sum(axis=1, keepdims=True) * mass.sum(axis=0, keepdims=True) / mass
    weights = cells.weights * factors[cells.groups.places, cells.labels]
    return np.asarray(weights / weights.mean(), np.float32)


def balanced(cells: Cells) -> NDArray[np.float64]:
    """Chances (rows,) by which to draw rows, with sum 1, so that all cells weigh alike in the loss on average.

    Rows of a cell are as likely as each other. Labels come to be equally frequent, too: where they were not, the model
    tells the rare ones more often than they are.
    """
    chances = 1.0 / cells.mass[cells.groups.places, cells.labels]
    return np.asarray(chances / chances.sum())
