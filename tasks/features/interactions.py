"""Who rated what, as places in vocabularies."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from tasks.features.columns import ColumnType, column, numbers, texts
from tasks.features.tabular import CategoryColumn, fit_category


class InteractionFeatures(BaseModel):
    """`user` and `item`, int32 (b,), place 0 for whom or what the train split did not know.

    Attributes:
        mean_rating: of the train split; what a model of unknown users and items falls back to; 0 without ratings.
        lowest, highest: bounds of the ratings of the train split; 0 without ratings.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["interactions"] = "interactions"
    user: CategoryColumn
    item: CategoryColumn
    mean_rating: float
    lowest: float
    highest: float

    @property
    def columns(self) -> dict[str, ColumnType]:
        """The columns that `encode` reads."""
        return {side.name: side.type for side in (self.user, self.item)}

    def encode(self, rows: pa.Table) -> dict[str, NDArray[np.int32]]:
        """The arrays of a batch of rows."""
        return {side.name: side.encode(texts(column(rows, side.name))) for side in (self.user, self.item)}


def fit_interactions(rows: pa.Table) -> InteractionFeatures:
    """Learn the vocabularies, and the scale of the ratings where there are some, from the train split."""
    ratings = numbers(column(rows, "rating")) if "rating" in rows.column_names else np.zeros(1)
    return InteractionFeatures(
        user=fit_category("user", column(rows, "user")),
        item=fit_category("item", column(rows, "item")),
        mean_rating=float(ratings.mean()),
        lowest=float(ratings.min()),
        highest=float(ratings.max()),
    )
