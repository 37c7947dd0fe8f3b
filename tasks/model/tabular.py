"""A tabular classifier: numbers in a piecewise linear code beside an embedding of each category, then dense layers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
import tensorflow as tf

from tasks.features.columns import signature_names
from tasks.features.tabular import FARTHEST, OUT_OF_VOCABULARY, CategoryColumn, NumericColumn, TabularFeatures
from tasks.model.dropout import SeededDropout
from tasks.model.network import OUTPUT, Network, RawColumns


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
    features: TabularFeatures,
    classes: int,
    hidden_units: Sequence[int],
    dropout: float,
    seed: int,
    numeric_encoding: Literal["bins", "standard"] = "bins",
) -> Network:
    """`numeric` (b, n) and `categories` (b, c) to probabilities (b, classes). The seed is of the initial weights."""
    inputs: dict[str, Any] = {}
    parts: list[Any] = []
    if features.numeric:
        numeric = tf.keras.Input((len(features.numeric),), dtype=tf.float32, name="numeric")
        inputs["numeric"] = numeric
        edges = [column.edges for column in features.numeric]
        binned = numeric_encoding == "bins" and max(map(len, edges)) > 1
        parts += [numeric, *([PiecewiseLinear(edges, name="bins")(numeric)] if binned else [])]
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


def raw_columns(features: TabularFeatures) -> RawColumns:
    """What `TabularFeatures.encode` does, in TensorFlow: the model then takes columns as they are in a data set.

    Numbers come as float64 (b,), NaN where missing; categories as their text (b,), empty where missing, also where the
    data set has numbers or booleans (`true` and `false`). Names are those of `signature_names`.
    """
    names = signature_names(list(features.columns))
    specifications = {names[column.name]: tf.TensorSpec([None], tf.float64) for column in features.numeric}
    told = (*features.categorical, *features.groups)
    specifications |= {names[column.name]: tf.TensorSpec([None], tf.string) for column in told}

    def encode(columns: Mapping[str, Any]) -> dict[str, Any]:
        numeric = [_standardised(column, columns[names[column.name]]) for column in features.numeric]
        categories = [_place(column, columns[names[column.name]]) for column in features.categorical]
        groups = [_place(column, columns[names[column.name]]) for column in features.groups]
        stacked = {"numeric": numeric, "categories": categories, "groups": groups}
        return {name: tf.stack(arrays, axis=1) for name, arrays in stacked.items() if arrays}

    return RawColumns(specifications, encode)


def _standardised(column: NumericColumn, values: Any) -> Any:
    known = tf.math.log1p(tf.maximum(values, 0.0)) if column.logarithm else values
    scaled = tf.clip_by_value((known - column.mean) / column.deviation, -FARTHEST, FARTHEST)
    return tf.cast(tf.where(tf.math.is_nan(values), tf.zeros_like(values), scaled), tf.float32)


def _place(column: CategoryColumn, values: Any) -> Any:
    """By comparison with all values: a lookup table would need to be initialised before the first call."""
    if not column.values:
        return tf.fill(tf.shape(values), OUT_OF_VOCABULARY)
    found = tf.equal(tf.expand_dims(values, 1), tf.constant(column.values, tf.string))
    places = tf.range(1, column.size, dtype=tf.int32)
    return OUT_OF_VOCABULARY + tf.reduce_sum(tf.cast(found, tf.int32) * places, axis=1)


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
    """Unknown values begin at zero, and stay there unless rare ones teach them: they then say nothing."""
    table = tf.keras.layers.Embedding(
        size,
        embedding_width(size),
        embeddings_initializer=tf.keras.initializers.RandomUniform(seed=seed + place),
        name=f"category{place}_embeddings",
    )
    embedded = table(categories[:, place])
    (vectors,) = table.get_weights()
    vectors[OUT_OF_VOCABULARY] = 0.0
    table.set_weights([vectors])
    return embedded
