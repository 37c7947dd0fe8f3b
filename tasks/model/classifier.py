"""A text classifier: the encoder, and a softmax on top."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from tasks.model.dropout import SeededDropout
from tasks.model.encoder import text_inputs
from tasks.model.network import OUTPUT, Network
from tasks.model.views import TwoViews

HEAD_SALT = 1000  # above that of any layer of an encoder


def build_classifier(encoder: Any, classes: int, dropout: float, two_views: bool = False) -> Network:
    """Texts to probabilities (b, classes).

    The head begins at zero: every class is equally likely, and no noise of a random head reaches the encoder.

    Args:
        two_views: whether logits in training are (2b, classes): of all rows, and of all again under another dropout.
    """
    inputs = text_inputs()
    seen = {name: TwoViews(name=f"views_{name}")(ids) for name, ids in inputs.items()} if two_views else inputs
    states = SeededDropout(dropout, salt=HEAD_SALT, name="head_dropout")(encoder(seen))
    head = tf.keras.layers.Dense(classes, kernel_initializer="zeros", name="logits")
    logits = head(states)
    probabilities = tf.keras.layers.Softmax(name=OUTPUT)(logits)
    return Network(tf.keras.Model(inputs, logits), tf.keras.Model(inputs, probabilities), head=tuple(head.weights))
