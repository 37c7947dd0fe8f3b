"""A model ready to be explained: its rows as games, and what each method makes of one."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa

from infra.extras import import_extra
from tasks.evaluate.explain.columns import ColumnModel, ColumnRow, to_matrix
from tasks.evaluate.explain.config import ExplainOptions, Method
from tasks.evaluate.explain.float_model import FloatModel, load_float_model
from tasks.evaluate.explain.game import Attribution
from tasks.evaluate.explain.shapley import shapley
from tasks.evaluate.explain.surrogate import surrogate_of_columns, surrogate_of_parts
from tasks.evaluate.explain.words import TextModel, TextRow
from tasks.features.tabular import TabularFeatures
from tasks.features.text import TextFeatures
from tasks.runtime.predictor import Predictor

_SEED = 20_261_130
_SAMPLE = 1000  # train rows that quartiles and shares of categories are told from
Row = ColumnRow | TextRow


@dataclass(frozen=True)
class Explainer:
    """A model with what its answers are compared with.

    Attributes:
        parent: the package of the floating-point model, for gradients; the model's own if it is one.
        train: some train rows, in the order of chance; a model of texts needs none.
    """

    options: ExplainOptions
    predictor: Predictor
    parent: Path
    train: pa.Table

    @cached_property
    def model(self) -> ColumnModel | TextModel:
        """What makes rows into games."""
        features = self.predictor.features
        if isinstance(features, TextFeatures):
            return TextModel(self.predictor, features)
        sample = to_matrix(features, self.train)
        return ColumnModel(self.predictor, features, sample, min(self.options.background, len(sample)))

    @cached_property
    def float_model(self) -> FloatModel:
        """What gradients are taken of."""
        return load_float_model(self.parent, self.train.slice(0, self.options.background))

    def load(self, method: Method) -> None:
        """Load what a method needs, so that its time can be told from that of loading."""
        if method == "gradients":
            _ = self.float_model
        elif method == "shap":
            import_extra("shap", "explain")
        else:
            import_extra("lime.lime_tabular", "explain")

    def rows(self, table: pa.Table) -> list[Row]:
        """Rows of a table as games."""
        return list(self.model.rows(table))

    def attribution(self, method: Method, row: Row) -> tuple[Attribution, float]:
        """What each part of a row adds, and the output that base and weights lead to: of gradients the parent's."""
        if method == "gradients":
            return self.float_model.attribution(row)
        if method == "shap":
            return shapley(row.game, self.options.evaluations), row.game.output
        # Of a user's or an item's number no other row has the same, so neighbours by value say nothing of it.
        if isinstance(row, ColumnRow) and isinstance(self.model, ColumnModel) and self._has_columns:
            return surrogate_of_columns(self.model, row), row.game.output
        return surrogate_of_parts(row.game), row.game.output

    @property
    def _has_columns(self) -> bool:
        return isinstance(self.predictor.features, TabularFeatures)


def drawn(rows: pa.Table, count: int) -> pa.Table:
    """So many rows of a table, or all, in the order of chance; the same ones for the same table."""
    places = np.random.default_rng(_SEED).permutation(rows.num_rows)[:count]
    return rows.take(places)


def train_sample(rows: pa.Table) -> pa.Table:
    """The train rows that an explainer takes."""
    return drawn(rows, _SAMPLE)
