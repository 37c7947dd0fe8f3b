"""The answer to a question, by an encoder that puts the two near each other."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa

from tasks.features.columns import texts
from tasks.features.text import ANSWER, text_features
from tasks.fit.batches import Arrays, Examples, Rows
from tasks.fit.losses import contrastive
from tasks.model.network import Network
from tasks.train.config import TrainOptions
from tasks.train.lesson import Lesson
from tasks.train.lessons.texts import learning_encoder, lengths, padded


def lesson_of_pairs(options: TrainOptions, weights: Path) -> Lesson:
    """Every other answer of a batch is a wrong one; equal answers have equal numbers."""
    features = text_features(weights, options.encoder.max_tokens)

    def examples(table: pa.Table) -> Examples:
        answers = texts(table["answer"])
        numbered = {answer: number for number, answer in enumerate(dict.fromkeys(answers))}
        numbers = np.array([numbered[answer] for answer in answers], np.int32)
        asked, answered = features.tokens(texts(table["text"])), features.tokens(answers)

        def inputs(chosen: Rows) -> Arrays:
            pair = {ANSWER + name: array for name, array in padded(answered, chosen).items()}
            return {**padded(asked, chosen), **pair}

        return Examples(
            targets=lambda chosen: numbers[chosen],
            inputs=inputs,
            rows=len(answers),
            lengths=lengths(asked) + lengths(answered),
        )

    def build() -> Network:
        from tasks.model.retriever import build_retriever

        return build_retriever(learning_encoder(options, weights))

    return Lesson(features, (), examples, contrastive(options.loss.temperature), build)
