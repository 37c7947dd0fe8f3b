"""Rows of columns, or of a user and an item, as games: a column that is away has the values of other rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tasks.evaluate.explain.game import Game, Masks, Values
from tasks.evaluate.explain.outcome import Outcome, outcome, scores
from tasks.features.interactions import InteractionFeatures
from tasks.features.tabular import OUT_OF_VOCABULARY, CategoryColumn, TabularFeatures
from tasks.runtime.arrays import Arrays, Floats
from tasks.runtime.predictor import Predictor

_MOST_ROWS = 1 << 16  # that are in memory at once
ColumnFeatures = TabularFeatures | InteractionFeatures


@dataclass(frozen=True)
class ColumnRow:
    """One row of columns with what is explained of it.

    Attributes:
        point: the encoded row, as `matrix` has it (p,).
        table: the row as it came.
    """

    game: Game
    outcome: Outcome
    point: Values
    table: pa.Table


@dataclass(frozen=True)
class ColumnModel:
    """A model of columns with train rows to compare with.

    Attributes:
        sample: encoded train rows (n, p); the first `background` of them stand for columns that are away.
    """

    predictor: Predictor
    features: ColumnFeatures
    sample: Values
    background: int
    names: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "names", tuple(self.features.columns))

    @property
    def categorical(self) -> tuple[int, ...]:
        """Places of the columns that hold categories."""
        first = len(self.features.numeric) if isinstance(self.features, TabularFeatures) else 0
        return tuple(range(first, len(self.names)))

    def read(self, matrix: Values) -> Floats:
        """What the model gives for encoded rows (n, p): n by k."""
        parts = [matrix[start : start + _MOST_ROWS] for start in range(0, len(matrix), _MOST_ROWS)]
        arrays = (to_arrays(self.features, part) for part in parts)
        return np.concatenate([scores(self.predictor, self.predictor.outputs(each)) for each in arrays])

    def rows(self, table: pa.Table) -> list[ColumnRow]:
        """Each row of a table as a game."""
        matrix = to_matrix(self.features, table)
        told = self.read(matrix)
        return [
            self._row(point, outputs, table.slice(place, 1))
            for place, (point, outputs) in enumerate(zip(matrix, told, strict=True))
        ]

    def _row(self, point: Values, outputs: Floats, table: pa.Table) -> ColumnRow:
        asked = outcome(self.predictor, outputs)
        background = self.sample[: self.background]

        def play(masks: Masks) -> Values:
            """The mean over the background's rows, of which each fills what is away."""
            mixed = np.where(masks[:, None, :], point, background)
            told = asked.of(self.read(mixed.reshape(-1, len(point))))
            means: Values = told.reshape(len(masks), -1).mean(axis=1)
            return means

        (values,) = table.select(list(self.names)).to_pylist()
        shown = tuple(_shown(self.features, name, values[name]) for name in self.names)
        return ColumnRow(Game(self.names, shown, asked.about, play), asked, point, table)


def to_matrix(features: ColumnFeatures, rows: pa.Table) -> Values:
    """Encoded rows side by side, in the order of `features.columns`: n by p."""
    arrays = features.encode(rows)
    return np.concatenate([array.reshape(rows.num_rows, -1).astype(np.float64) for array in arrays.values()], axis=1)


def to_arrays(features: ColumnFeatures, matrix: Values) -> Arrays:
    """What `to_matrix` put side by side, as the model takes it."""
    if isinstance(features, InteractionFeatures):
        return {name: matrix[:, place].astype(np.int32) for place, name in enumerate(features.columns)}
    numeric = len(features.numeric)
    arrays: dict[str, NDArray[Any]] = {}
    if numeric:
        arrays["numeric"] = matrix[:, :numeric].astype(np.float32)
    if features.categorical:
        arrays["categories"] = matrix[:, numeric:].astype(np.int32)
    return arrays


def _shown(features: ColumnFeatures, name: str, value: object) -> str:
    categories: dict[str, CategoryColumn] = (
        {column.name: column for column in features.categorical}
        if isinstance(features, TabularFeatures)
        else {side.name: side for side in (features.user, features.item)}
    )
    if name not in categories:
        return "missing" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
    text = "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
    known = categories[name].encode([text])[0] != OUT_OF_VOCABULARY
    return (text or "missing") if known else f"{text or 'missing'} (unknown)"
