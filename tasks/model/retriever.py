"""A retriever: one encoder that puts a question and its answer near each other on the unit sphere."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from tasks.features.text import ANSWER
from tasks.model.encoder import text_inputs
from tasks.model.layers import UnitLength
from tasks.model.network import OUTPUT, Network


def build_retriever(encoder: Any) -> Network:
    """Texts to unit embeddings (b, d). In training it takes questions and answers and gives both embeddings."""
    unit = UnitLength(name=OUTPUT)
    questions, answers = text_inputs(), text_inputs(ANSWER)
    answer_tower = encoder({name.removeprefix(ANSWER): value for name, value in _named(answers).items()})
    pair = [unit(encoder(questions)), unit(answer_tower)]
    return Network(
        tf.keras.Model({**questions, **_named(answers)}, pair),
        tf.keras.Model(questions, unit(encoder(questions))),
    )


def _named(inputs: dict[str, Any]) -> dict[str, Any]:
    return {ANSWER + name: value for name, value in inputs.items()}
