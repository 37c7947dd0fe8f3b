"""Which items a user takes, told from those not taken."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa

from tasks.features.interactions import fit_interactions
from tasks.fit.batches import Examples
from tasks.fit.losses import build_loss
from tasks.fit.quality import pair_accuracy
from tasks.lessons.config import TrainOptions
from tasks.lessons.lesson import Lesson
from tasks.lessons.ratings import carry_known
from tasks.model.network import Network


def lesson_of_rankings(options: TrainOptions, rows: pa.Table, start: Path | None = None) -> Lesson:
    """Every row is an item that a user took, whatever the rating; each is held against `options.negatives` others."""
    features = fit_interactions(rows)
    pairs = features.encode(rows)
    taken = np.unique(pairs["user"].astype(np.int64) * features.item.size + pairs["item"])

    def examples(table: pa.Table) -> Examples:
        arrays = features.encode(table)
        return Examples(
            targets=lambda chosen: arrays["item"][chosen],
            inputs=lambda chosen: {name: array[chosen] for name, array in arrays.items()},
            rows=table.num_rows,
        )

    def build() -> Network:
        from tasks.model.ranker import build_ranker

        network = build_ranker(features, options.embedding_size, options.negatives, taken, options.seed)
        if start is not None:
            carry_known(network, features, start)
        return network

    return Lesson(features, (), examples, build_loss(options.task, options.loss), build, pair_accuracy)
