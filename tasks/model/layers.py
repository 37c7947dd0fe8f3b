"""The parts of a BERT-style encoder that Keras lacks. All weights but embeddings and norms stand in Dense layers.

Axes are added by `expand_dims`: TFLite can't do so by indexing where a size is not known.
"""

from __future__ import annotations

from typing import Any

import tensorflow as tf


class TokenEmbeddings(tf.keras.layers.Layer):  # type: ignore[misc]
    """Token ids (b, t) to vectors (b, t, size): the word's plus the position's."""

    def __init__(self, vocabulary: int, positions: int, size: int, **options: Any) -> None:
        super().__init__(**options)
        self.vocabulary, self.positions, self.size = vocabulary, positions, size

    def build(self, input_shape: Any) -> None:
        """Make both tables."""
        self.words = self.add_weight(name="words", shape=(self.vocabulary, self.size), initializer="zeros")
        self.places = self.add_weight(name="places", shape=(self.positions, self.size), initializer="zeros")

    def call(self, input_ids: Any) -> Any:
        """Look both up and add them."""
        return tf.gather(self.words, input_ids) + self.places[: tf.shape(input_ids)[1]]

    def get_config(self) -> dict[str, Any]:
        """What the constructor takes."""
        config = {"vocabulary": self.vocabulary, "positions": self.positions, "size": self.size}
        return {**super().get_config(), **config}


class SelfAttention(tf.keras.layers.Layer):  # type: ignore[misc]
    """Scaled dot-product attention of queries, keys and values side by side (b, t, 3 * size), without weights."""

    def __init__(self, heads: int, **options: Any) -> None:
        super().__init__(**options)
        self.heads = heads

    def call(self, inputs: tuple[Any, Any]) -> Any:
        """Each token's mixture of the values of those that the mask has, (b, t, size)."""
        projected, attention_mask = inputs
        size = projected.shape[-1] // 3
        query, key, value = (self._split(part) for part in tf.split(projected, 3, axis=-1))
        scores = tf.matmul(query * (size // self.heads) ** -0.5, key, transpose_b=True)
        padding = tf.expand_dims(tf.expand_dims(1.0 - tf.cast(attention_mask, scores.dtype), 1), 1)
        mixed = tf.matmul(tf.nn.softmax(scores - 1e9 * padding), value)
        shape = tf.shape(projected)
        return tf.reshape(tf.transpose(mixed, (0, 2, 1, 3)), (shape[0], shape[1], size))

    def _split(self, part: Any) -> Any:
        shape = tf.shape(part)
        return tf.transpose(
            tf.reshape(part, (shape[0], shape[1], self.heads, part.shape[-1] // self.heads)), (0, 2, 1, 3)
        )

    def get_config(self) -> dict[str, Any]:
        """What the constructor takes."""
        return {**super().get_config(), "heads": self.heads}


class LayerNorm(tf.keras.layers.Layer):  # type: ignore[misc]
    """Normalisation over the last axis. Keras's own goes through a fused kernel that TFLite has no equal of."""

    def __init__(self, epsilon: float, **options: Any) -> None:
        super().__init__(**options)
        self.epsilon = epsilon

    def build(self, input_shape: Any) -> None:
        """Make scale and offset."""
        self.gamma = self.add_weight(name="gamma", shape=(input_shape[-1],), initializer="ones")
        self.beta = self.add_weight(name="beta", shape=(input_shape[-1],), initializer="zeros")

    def call(self, inputs: Any) -> Any:
        """Mean 0 and variance 1 for every token, then scale and offset."""
        centred = inputs - tf.reduce_mean(inputs, axis=-1, keepdims=True)
        variance = tf.reduce_mean(tf.square(centred), axis=-1, keepdims=True)
        return centred * tf.math.rsqrt(variance + self.epsilon) * self.gamma + self.beta

    def get_config(self) -> dict[str, Any]:
        """What the constructor takes."""
        return {**super().get_config(), "epsilon": self.epsilon}


class MeanPooling(tf.keras.layers.Layer):  # type: ignore[misc]
    """The mean of the vectors of a text's tokens, (b, t, size) to (b, size)."""

    def call(self, inputs: tuple[Any, Any]) -> Any:
        """Padding does not count."""
        states, attention_mask = inputs
        mask = tf.expand_dims(tf.cast(attention_mask, states.dtype), -1)
        return tf.reduce_sum(states * mask, axis=1) / tf.maximum(tf.reduce_sum(mask, axis=1), 1.0)


class FirstPooling(tf.keras.layers.Layer):  # type: ignore[misc]
    """The vector of a text's first token, BERT's `[CLS]`, (b, t, size) to (b, size)."""

    def call(self, inputs: tuple[Any, Any]) -> Any:
        """The mask is taken for MeanPooling's sake."""
        states, _ = inputs
        return tf.squeeze(states[:, :1], axis=1)


class UnitLength(tf.keras.layers.Layer):  # type: ignore[misc]
    """Each vector scaled to length 1."""

    def call(self, inputs: Any) -> Any:
        """Divide by the Euclidean length."""
        return inputs * tf.math.rsqrt(tf.maximum(tf.reduce_sum(tf.square(inputs), axis=-1, keepdims=True), 1e-12))
