"""Several heads on one encoder: each tells something of the text, or of each of its tokens."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from tasks.features.heads import Head
from tasks.model.classifier import HEAD_SALT
from tasks.model.dropout import SeededDropout
from tasks.model.encoder import text_inputs
from tasks.model.network import Network


class Unscale(tf.keras.layers.Layer):  # type: ignore[misc]
    """Standardised numbers (b,) to numbers in their own unit."""

    def __init__(self, mean: float, deviation: float, **options: Any) -> None:
        super().__init__(**options)
        self.mean, self.deviation = mean, deviation

    def call(self, inputs: Any) -> Any:
        """What standardising was the other way round."""
        return inputs * self.deviation + self.mean

    def get_config(self) -> dict[str, Any]:
        """What the constructor takes."""
        return {**super().get_config(), "mean": self.mean, "deviation": self.deviation}


def build_heads(encoder: Any, heads: Sequence[Head], dropout: float) -> Network:
    """Texts to one output a head, by the names of `Head.output`.

    Trained: logits (b, classes), (b, labels) or, of tags, (b, t, tags), and standardised numbers (b,). Exported:
    probabilities of the same shapes, and numbers in their unit. A word's tag is the tag of its first token.

    Heads begin at zero, as that of `build_classifier`.
    """
    inputs = text_inputs()
    pooled, states = _with_states(encoder)(inputs)
    trained, exported, weights = {}, {}, []
    for place, head in enumerate(heads):
        below = SeededDropout(dropout, salt=HEAD_SALT + place, name=f"head{place}_dropout")
        dense = tf.keras.layers.Dense(head.width, kernel_initializer="zeros", name=f"head{place}_logits")
        logits = dense(below(states if head.kind == "tagging" else pooled))
        trained[head.output] = tf.keras.layers.Reshape(())(logits) if head.kind == "regression" else logits
        exported[head.output] = _exported(head, place)(trained[head.output])
        weights += dense.weights
    return Network(tf.keras.Model(inputs, trained), tf.keras.Model(inputs, exported), head=tuple(weights))


def _exported(head: Head, place: int) -> Any:
    if head.kind == "regression":
        return Unscale(head.mean, head.deviation, name=f"head{place}_number")
    if head.kind == "multi_label":
        return tf.keras.layers.Activation("sigmoid", name=f"head{place}_probabilities")
    return tf.keras.layers.Softmax(name=f"head{place}_probabilities")


def _with_states(encoder: Any) -> Any:
    """The encoder, giving the vectors of its tokens (b, t, size) beside their mean (b, size)."""
    states, _ = encoder.get_layer("pooling").input
    return tf.keras.Model(encoder.input, [encoder.output, states], name=encoder.name)
