"""How a user rates an item."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from tasks.features.columns import numbers
from tasks.features.interactions import fit_interactions
from tasks.fit.batches import Examples
from tasks.fit.losses import squared_error
from tasks.model.network import Network
from tasks.train.config import TrainOptions
from tasks.train.lesson import Lesson


def lesson_of_ratings(options: TrainOptions, rows: pa.Table) -> Lesson:
    """Factors and a bias for each user and item seen."""
    features = fit_interactions(rows)

    def examples(table: pa.Table) -> Examples:
        arrays, ratings = features.encode(table), numbers(table["rating"]).astype(np.float32)
        return Examples(
            targets=lambda chosen: ratings[chosen],
            inputs=lambda chosen: {name: array[chosen] for name, array in arrays.items()},
            rows=table.num_rows,
        )

    def build() -> Network:
        from tasks.model.factorization import build_factorization

        return build_factorization(features, options.embedding_size, options.seed)

    return Lesson(features, (), examples, squared_error, build)
