"""A tabular classifier: an embedding for each category column beside the numbers, then dense layers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from tasks.model.dropout import SeededDropout
from tasks.model.network import OUTPUT, Network


def build_tabular(
    numeric: int, categories: Sequence[int], classes: int, hidden_units: Sequence[int], dropout: float, seed: int
) -> Network:
    """`numeric` (b, n) and `categories` (b, c) to probabilities (b, classes).

    Args:
        numeric: number of numeric columns.
        categories: places of each category column.
        seed: of the initial weights.
    """
    inputs: dict[str, Any] = {}
    parts: list[Any] = []
    if numeric:
        inputs["numeric"] = tf.keras.Input((numeric,), dtype=tf.float32, name="numeric")
        parts.append(inputs["numeric"])
    if categories:
        inputs["categories"] = tf.keras.Input((len(categories),), dtype=tf.int32, name="categories")
        parts += [_embedding(inputs["categories"], place, size, seed) for place, size in enumerate(categories)]
    states = tf.keras.layers.concatenate(parts) if len(parts) > 1 else parts[0]
    for layer, units in enumerate(hidden_units):
        states = tf.keras.layers.Dense(
            units,
            activation="relu",
            kernel_initializer=tf.keras.initializers.GlorotUniform(seed + layer),
            name=f"hidden{layer}",
        )(states)
        states = SeededDropout(dropout, salt=layer, name=f"hidden{layer}_dropout")(states)
    logits = tf.keras.layers.Dense(classes, kernel_initializer="zeros", name="logits")(states)
    probabilities = tf.keras.layers.Softmax(name=OUTPUT)(logits)
    return Network(tf.keras.Model(inputs, logits), tf.keras.Model(inputs, probabilities))


def embedding_width(size: int) -> int:
    """A width that grows a little faster than the root of the number of categories: 3 for 2, 16 from 60 on."""
    return min(16, max(2, round(1.6 * math.pow(size, 0.56))))


def _embedding(categories: Any, place: int, size: int, seed: int) -> Any:
    table = tf.keras.layers.Embedding(
        size,
        embedding_width(size),
        embeddings_initializer=tf.keras.initializers.RandomUniform(seed=seed + place),
        name=f"category{place}_embeddings",
    )
    return table(categories[:, place])
