"""A text classifier: the encoder, and a softmax on top."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from tasks.model.dropout import SeededDropout
from tasks.model.encoder import text_inputs
from tasks.model.network import OUTPUT, Network

HEAD_SALT = 1000  # above that of any layer of an encoder


def build_classifier(encoder: Any, classes: int, dropout: float) -> Network:
    """Texts to probabilities (b, classes).

    The head begins at zero: every class is equally likely, and no noise of a random head reaches the encoder.
    """
    inputs = text_inputs()
    states = SeededDropout(dropout, salt=HEAD_SALT, name="head_dropout")(encoder(inputs))
    head = tf.keras.layers.Dense(classes, kernel_initializer="zeros", name="logits")
    logits = head(states)
    probabilities = tf.keras.layers.Softmax(name=OUTPUT)(logits)
    return Network(tf.keras.Model(inputs, logits), tf.keras.Model(inputs, probabilities), head=tuple(head.weights))
