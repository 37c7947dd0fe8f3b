"""A retriever: one encoder that puts a question and its answer near each other on the unit sphere."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from tasks.features.text import ANSWER, WRONG
from tasks.model.encoder import TEXT_INPUTS, text_inputs
from tasks.model.layers import UnitLength
from tasks.model.network import OUTPUT, Network


class Flatten(tf.keras.layers.Layer):  # type: ignore[misc]
    """Several texts a row (b, k, t) to one text a row (b * k, t)."""

    def call(self, inputs: Any) -> Any:
        """Row by row."""
        return tf.reshape(inputs, (-1, tf.shape(inputs)[2]))


class Regroup(tf.keras.layers.Layer):  # type: ignore[misc]
    """Vectors (b * k, d) to as many a row (b, k, d) as the texts that they are of."""

    def call(self, inputs: tuple[Any, Any]) -> Any:
        """Vectors, and the texts' token ids (b, k, t)."""
        vectors, ids = inputs
        return tf.reshape(vectors, (-1, tf.shape(ids)[1], vectors.shape[-1]))


def build_retriever(encoder: Any, hard_negatives: int = 0) -> Network:
    """Texts to unit embeddings (b, d). In training it takes questions and answers and gives both embeddings.

    With `hard_negatives` it takes so many wrong answers to each question too, and gives their embeddings (b, k, d).
    """
    unit = UnitLength(name=OUTPUT)
    questions, answers = text_inputs(), text_inputs(ANSWER)
    inputs = {**questions, **_named(ANSWER, answers)}
    embeddings = [unit(encoder(questions)), unit(encoder(answers))]
    if hard_negatives:
        wrong = {
            name: tf.keras.Input((hard_negatives, None), dtype=tf.int32, name=WRONG + name) for name in TEXT_INPUTS
        }
        inputs |= _named(WRONG, wrong)
        vectors = unit(encoder({name: Flatten(name=f"flat_{name}")(texts) for name, texts in wrong.items()}))
        embeddings.append(Regroup(name="wrong")([vectors, wrong["input_ids"]]))
    return Network(tf.keras.Model(inputs, embeddings), tf.keras.Model(questions, unit(encoder(questions))))


def _named(prefix: str, inputs: dict[str, Any]) -> dict[str, Any]:
    return {prefix + name: value for name, value in inputs.items()}
