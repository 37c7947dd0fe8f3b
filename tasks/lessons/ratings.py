"""How a user rates an item."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa

from tasks.features.columns import numbers
from tasks.features.files import load_features
from tasks.features.interactions import InteractionFeatures, fit_interactions
from tasks.fit.batches import Examples
from tasks.fit.losses import build_loss
from tasks.fit.quality import root_mean_square
from tasks.lessons.config import TrainOptions
from tasks.lessons.lesson import Lesson
from tasks.lessons.start import package_weights, refused
from tasks.model.network import Network


def lesson_of_ratings(options: TrainOptions, rows: pa.Table, start: Path | None = None) -> Lesson:
    """Factors and a bias for each user and item seen."""
    features = fit_interactions(rows)
    if start is not None:
        features = features.model_copy(update={"mean_rating": _parent(start).mean_rating})  # biases are relative to it

    def examples(table: pa.Table) -> Examples:
        arrays, ratings = features.encode(table), numbers(table["rating"]).astype(np.float32)
        return Examples(
            targets=lambda chosen: ratings[chosen],
            inputs=lambda chosen: {name: array[chosen] for name, array in arrays.items()},
            rows=table.num_rows,
        )

    def build() -> Network:
        from tasks.model.factorization import build_factorization

        network = build_factorization(features, options.embedding_size, options.seed)
        if start is not None:
            carry_known(network, features, start)
        return network

    return Lesson(features, (), examples, build_loss(options.task, options.loss), build, root_mean_square)


def carry_known(network: Network, features: InteractionFeatures, start: Path) -> None:
    """Users and items that the package knows keep what it learned of them; others begin anew."""
    from tasks.model.names import named_weights

    parent, weights = _parent(start), package_weights(start)
    variables = named_weights(network.trained)
    for side, before in ((features.user, parent.user), (features.item, parent.item)):
        old = before.encode(side.values)  # places in the package's tables; 0 where it does not know
        new = np.arange(1, side.size)
        for table in (f"{side.name}_factors", f"{side.name}_bias"):
            if f"{table}/embeddings" not in variables:  # a ranking has no bias of users
                continue
            variable, learned = variables[f"{table}/embeddings"], weights[f"{table}/embeddings"]
            if variable.shape[1] != learned.shape[1]:
                found = f"train.embedding_size {variable.shape[1]}"
                raise refused(found, f"{learned.shape[1]}, as in {start}")
            values = variable.numpy()
            values[new[old > 0]] = learned[old[old > 0]]
            variable.assign(values)


def _parent(start: Path) -> InteractionFeatures:
    features = load_features(start)
    if not isinstance(features, InteractionFeatures):
        raise refused(str(start), "a model of ratings or rankings")
    return features
