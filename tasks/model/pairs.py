"""An encoder that learns from pairs of texts, and the classifier that its embeddings are for."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from tasks.features.text import SECOND
from tasks.model.classifier import build_classifier
from tasks.model.encoder import text_inputs
from tasks.model.layers import UnitLength
from tasks.model.network import Network


def build_pairs(encoder: Any, classes: int, as_cosine: bool) -> Network:
    """Trained: two texts to their cosine (b,), or to both unit embeddings (b, d). Exported: texts to probabilities.

    The head of the exported classifier does not learn with the pairs: it is to be fitted on what they made.
    """
    first, second = text_inputs(), text_inputs(SECOND)
    other = {SECOND + name: value for name, value in second.items()}
    unit = UnitLength(name="unit")
    pair = [unit(encoder(first)), unit(encoder(second))]
    outputs = tf.keras.layers.Dot(axes=1, name="cosine_column")(pair) if as_cosine else pair
    if as_cosine:
        outputs = tf.keras.layers.Reshape((), name="cosine")(outputs)
    return Network(
        tf.keras.Model({**first, **other}, outputs), build_classifier(encoder, classes, dropout=0.0).exported
    )
