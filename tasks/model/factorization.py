"""Matrix factorisation with biases (Koren, Bell and Volinsky 2009): how a user rates an item."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from tasks.features.interactions import InteractionFeatures
from tasks.model.network import OUTPUT, Network


class Scale(tf.keras.layers.Layer):  # type: ignore[misc]
    """Add the mean rating and keep the sum within the ratings' bounds, if it is given any."""

    def __init__(self, mean: float, lowest: float = float("-inf"), highest: float = float("inf"), **options: Any):
        super().__init__(**options)
        self.mean, self.lowest, self.highest = mean, lowest, highest

    def call(self, inputs: Any) -> Any:
        """Deviations from the mean to ratings."""
        return tf.clip_by_value(inputs + self.mean, self.lowest, self.highest)

    def get_config(self) -> dict[str, Any]:
        """What the constructor takes."""
        return {**super().get_config(), "mean": self.mean, "lowest": self.lowest, "highest": self.highest}


def build_factorization(features: InteractionFeatures, factors: int, seed: int) -> Network:
    """`user` and `item` (b,) to ratings (b,): mean + user's bias + item's bias + dot product of their factors."""
    sides = (features.user, features.item)
    inputs = {side.name: tf.keras.Input((), dtype=tf.int32, name=side.name) for side in sides}
    vectors = [
        _table(side.size, factors, f"{side.name}_factors", seed + place)(inputs[side.name])
        for place, side in enumerate(sides)
    ]
    biases = [_table(side.size, 1, f"{side.name}_bias", None)(inputs[side.name]) for side in sides]
    product = tf.keras.layers.Dot(axes=1, name="product")(vectors)
    deviation = tf.keras.layers.Reshape(())(tf.keras.layers.add([product, *biases]))
    ratings = Scale(features.mean_rating, name="ratings")(deviation)
    bounded = Scale(features.mean_rating, features.lowest, features.highest, name=OUTPUT)(deviation)
    return Network(tf.keras.Model(inputs, ratings), tf.keras.Model(inputs, bounded))


def _table(size: int, width: int, name: str, seed: int | None) -> Any:
    initializer = "zeros" if seed is None else tf.keras.initializers.RandomNormal(stddev=0.05, seed=seed)
    return tf.keras.layers.Embedding(size, width, embeddings_initializer=initializer, name=name)
