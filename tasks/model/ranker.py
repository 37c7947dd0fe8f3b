"""Which item a user takes next: factors that put items taken before items not taken (BPR, Rendle et al. 2009)."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from tasks.features.interactions import InteractionFeatures
from tasks.model.dropout import step_numbers
from tasks.model.network import OUTPUT, Network

TAKEN = -1e9
"""The score of a drawn item that the user took too: it comes last, and so teaches nothing."""
_SALT = 2000  # of the draws; above those of dropout


class Candidates(tf.keras.layers.Layer):  # type: ignore[misc]
    """Users and items (b,) to items (b, 1 + drawn): the row's own, then some drawn from all, and which of these count.

    Draws are a function of the step and of the row, as dropout is, and the same in every measurement.

    Args:
        items: how many places items have, 0 for the unknown one included.
        taken: the pairs of the train split as `user * items + item`, rising.
    """

    def __init__(self, items: int, drawn: int, taken: NDArray[np.int64], **options: Any) -> None:
        super().__init__(**options)
        self.items, self.drawn, self.taken = items, drawn, np.asarray(taken, np.int64)

    def call(self, inputs: tuple[Any, Any]) -> tuple[Any, Any]:
        """Items, and whether each is the row's own or one that the user did not take."""
        users, own = inputs
        numbers = step_numbers(_SALT, tf.stack([tf.shape(users)[0], self.drawn]))
        others = 1 + tf.cast(numbers % tf.constant(self.items - 1, tf.uint32), tf.int32)
        pairs = tf.cast(users, tf.int64)[:, None] * self.items + tf.cast(others, tf.int64)
        keys = tf.constant(self.taken)
        places = tf.searchsorted(keys, tf.reshape(pairs, [-1]))
        found = tf.gather(keys, tf.minimum(places, len(self.taken) - 1))
        is_free = tf.not_equal(tf.reshape(found, tf.shape(pairs)), pairs)
        own = tf.expand_dims(own, 1)
        return tf.concat([own, others], 1), tf.concat([tf.ones_like(own, tf.bool), is_free], 1)

    def get_config(self) -> dict[str, Any]:
        """What the constructor takes."""
        return {**super().get_config(), "items": self.items, "drawn": self.drawn, "taken": self.taken.tolist()}


def build_ranker(
    features: InteractionFeatures, factors: int, drawn: int, taken: NDArray[np.int64], seed: int
) -> Network:
    """`user` and `item` (b,) to how much before others the item comes (b,): dot product of factors, and a bias.

    Trained it gives (b, 1 + drawn): that of the row's own item, then of items drawn for it.

    Args:
        taken: as of `Candidates`.
    """
    inputs = {side.name: tf.keras.Input((), dtype=tf.int32, name=side.name) for side in (features.user, features.item)}
    users = _table(features.user.size, factors, "user_factors", seed)
    items = _table(features.item.size, factors, "item_factors", seed + 1)
    biases = _table(features.item.size, 1, "item_bias", None)
    product = tf.keras.layers.Dot(axes=-1, name="product")

    vector = users(inputs["user"])
    chosen, counts = Candidates(features.item.size, drawn, taken, name="candidates")([inputs["user"], inputs["item"]])
    products = tf.reduce_sum(tf.expand_dims(vector, 1) * items(chosen), axis=-1)
    scores = products + tf.squeeze(biases(chosen), -1)
    trained = tf.where(counts, scores, tf.fill(tf.shape(scores), TAKEN))

    single = tf.keras.layers.add([product([vector, items(inputs["item"])]), biases(inputs["item"])])
    exported = tf.keras.layers.Reshape((), name=OUTPUT)(single)
    return Network(tf.keras.Model(inputs, trained), tf.keras.Model(inputs, exported))


def _table(size: int, width: int, name: str, seed: int | None) -> Any:
    initializer = "zeros" if seed is None else tf.keras.initializers.RandomNormal(stddev=0.05, seed=seed)
    return tf.keras.layers.Embedding(size, width, embeddings_initializer=initializer, name=name)
