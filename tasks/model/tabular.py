"""A tabular classifier: numbers in a piecewise linear code beside an embedding of each category, then dense layers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from tasks.features.tabular import TabularFeatures
from tasks.model.dropout import SeededDropout
from tasks.model.network import OUTPUT, Network


class PiecewiseLinear(tf.keras.layers.Layer):  # type: ignore[misc]
    """Numbers (b, n) to how full each of their bins is, from 0 to 1, (b, n * bins) (Gorishniy et al. 2022).

    A dense layer on it can bend at every edge, which lets it keep up with decision trees.

    Args:
        edges: rising, for each column; a column may have fewer than others.
    """

    def __init__(self, edges: Sequence[Sequence[float]], **options: Any) -> None:
        super().__init__(**options)
        self.edges = [list(column) for column in edges]
        self.bins = max(len(column) for column in self.edges) - 1

    def call(self, inputs: Any) -> Any:
        """Bins below a number are full, those above it empty."""
        lows = np.zeros((len(self.edges), self.bins), np.float32)
        slopes = np.zeros_like(lows)  # 0 for bins that a column lacks: they stay empty
        for row, edges in enumerate(self.edges):
            bins = max(0, len(edges) - 1)  # a column that train never had has no edges
            lows[row, :bins] = edges[:-1]
            slopes[row, :bins] = 1 / np.diff(edges)
        filled = tf.clip_by_value((tf.expand_dims(inputs, -1) - lows) * slopes, 0.0, 1.0)
        return tf.reshape(filled, (-1, lows.size))

    def get_config(self) -> dict[str, Any]:
        """What the constructor takes."""
        return {**super().get_config(), "edges": self.edges}


def build_tabular(
    features: TabularFeatures, classes: int, hidden_units: Sequence[int], dropout: float, seed: int
) -> Network:
    """`numeric` (b, n) and `categories` (b, c) to probabilities (b, classes). The seed is of the initial weights."""
    inputs: dict[str, Any] = {}
    parts: list[Any] = []
    if features.numeric:
        numeric = tf.keras.Input((len(features.numeric),), dtype=tf.float32, name="numeric")
        inputs["numeric"] = numeric
        edges = [column.edges for column in features.numeric]
        parts += [numeric, *([PiecewiseLinear(edges, name="bins")(numeric)] if max(map(len, edges)) > 1 else [])]
    if features.categorical:
        categories = tf.keras.Input((len(features.categorical),), dtype=tf.int32, name="categories")
        inputs["categories"] = categories
        sizes = [column.size for column in features.categorical]
        parts += [_embedding(categories, place, size, seed) for place, size in enumerate(sizes)]
    states = tf.keras.layers.concatenate(parts) if len(parts) > 1 else parts[0]
    states = _hidden(states, hidden_units, dropout, seed)
    logits = tf.keras.layers.Dense(classes, kernel_initializer="zeros", name="logits")(states)
    probabilities = tf.keras.layers.Softmax(name=OUTPUT)(logits)
    return Network(tf.keras.Model(inputs, logits), tf.keras.Model(inputs, probabilities))


def embedding_width(size: int) -> int:
    """A width that grows a little faster than the root of the number of categories: 2 for 2, 16 from 60 on."""
    return min(16, max(2, round(1.6 * math.pow(size, 0.56))))


def _hidden(states: Any, hidden_units: Sequence[int], dropout: float, seed: int) -> Any:
    for layer, units in enumerate(hidden_units):
        initializer = tf.keras.initializers.GlorotUniform(seed + layer)
        dense = tf.keras.layers.Dense(units, activation="relu", kernel_initializer=initializer, name=f"hidden{layer}")
        states = SeededDropout(dropout, salt=layer, name=f"hidden{layer}_dropout")(dense(states))
    return states


def _embedding(categories: Any, place: int, size: int, seed: int) -> Any:
    table = tf.keras.layers.Embedding(
        size,
        embedding_width(size),
        embeddings_initializer=tf.keras.initializers.RandomUniform(seed=seed + place),
        name=f"category{place}_embeddings",
    )
    return table(categories[:, place])
