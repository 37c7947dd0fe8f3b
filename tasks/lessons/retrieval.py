"""The answer to a question, by an encoder that puts the two near each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tasks.features.columns import texts
from tasks.features.text import ANSWER, WRONG, TextFeatures, Tokens, text_features
from tasks.fit.batches import Arrays, Examples, Rows
from tasks.fit.hard_negatives import nearest_wrong
from tasks.fit.losses import ANSWER_NUMBERS, WRONG_NUMBERS, build_loss
from tasks.fit.quality import Batch, reciprocal_rank
from tasks.lessons.config import TrainOptions
from tasks.lessons.lesson import Lesson
from tasks.lessons.texts import learning_encoder, lengths, padded
from tasks.model.network import Network
from tasks.runtime.arrays import run_in_batches


def lesson_of_pairs(options: TrainOptions, weights: Path) -> Lesson:
    """Every other answer of a batch is a wrong one, and the hard negatives are; equal answers have equal numbers."""
    features, count = text_features(weights, options.encoder.max_tokens), options.retrieval.hard_negatives

    def examples(table: pa.Table) -> Examples:
        pairs = _Pairs(features, table)
        if not count:
            return pairs.examples()
        wrong = _HardNegatives(options, pairs)
        wrong.renew(build().trained)  # as training begins
        return wrong.examples(follows=options.retrieval.refresh == "epoch")

    def build() -> Network:
        from tasks.model.retriever import build_retriever

        return build_retriever(learning_encoder(options, weights), count)

    loss = build_loss(options.task, options.loss)
    return Lesson(features, (), examples, loss, build, _rank_among_answers if count else reciprocal_rank)


class _Pairs:
    """Questions and their answers as tokens. Answers that are equal have the place of the first."""

    def __init__(self, features: TextFeatures, table: pa.Table) -> None:
        answers = texts(table["answer"])
        places = {answer: place for place, answer in enumerate(dict.fromkeys(answers))}
        self.own = np.array([places[answer] for answer in answers], np.int32)
        asked = texts(table["text"])
        numbers = {question: number for number, question in enumerate(dict.fromkeys(asked))}
        self.groups = np.array([numbers[question] for question in asked], np.int32)
        self.questions, self.answers = features.tokens(asked), features.tokens(list(places))

    def inputs(self, chosen: Rows) -> Arrays:
        """Token ids of questions and answers."""
        pair = {ANSWER + name: array for name, array in padded(self.answers, self.own[chosen].astype(np.int64)).items()}
        return {**padded(self.questions, chosen), **pair}

    def examples(self) -> Examples:
        """The pairs as the network takes them."""
        long = lengths(self.questions) + lengths(self.answers)[self.own]
        return Examples(lambda chosen: self.own[chosen], self.inputs, len(self.own), long)


class _HardNegatives:
    """The same with wrong answers to each question, looked up by an encoder."""

    def __init__(self, options: TrainOptions, pairs: _Pairs) -> None:
        import tensorflow as tf

        self.options, self.pairs = options.retrieval, pairs
        self.variable = tf.Variable(tf.zeros((len(pairs.own), self.options.hard_negatives), tf.int32), trainable=False)

    def renew(self, model: Any) -> None:
        """Look them up by the encoder of the model as it is now."""
        encoder, asked = model.get_layer("encoder"), self.options
        questions, answers = (_embeddings(encoder, tokens) for tokens in (self.pairs.questions, self.pairs.answers))
        pairs, count, limit = self.pairs, asked.hard_negatives, asked.highest_similarity
        wrong = nearest_wrong(questions, answers, pairs.own, count, limit, pairs.groups)
        self.variable.assign(wrong)

    def examples(self, follows: bool) -> Examples:
        """Pairs and wrong answers as the network takes them, which follow it or stay."""
        renewal = self if follows else None
        return replace(self.pairs.examples(), targets=self._targets, inputs=self._inputs, renewal=renewal)

    def _targets(self, chosen: Rows) -> Arrays:
        return {ANSWER_NUMBERS: self.pairs.own[chosen], WRONG_NUMBERS: self.variable.numpy()[chosen]}

    def _inputs(self, chosen: Rows) -> Arrays:
        places = self.variable.numpy()[chosen]
        wrong = padded(self.pairs.answers, places.reshape(-1).astype(np.int64))
        shaped = {WRONG + name: array.reshape(*places.shape, -1) for name, array in wrong.items()}
        return {**self.pairs.inputs(chosen), **shaped}


def _embeddings(encoder: Any, tokens: Tokens) -> NDArray[np.float32]:
    """Unit embeddings (n, d) of texts, without dropout."""
    vectors = run_in_batches(
        lambda batch: encoder(batch, training=False).numpy(), padded(tokens, np.arange(len(tokens)))
    )
    unit: NDArray[np.float32] = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit


def _rank_among_answers(batches: Sequence[Batch]) -> dict[str, float]:
    """As `reciprocal_rank`: hard negatives are not ranked, so that figures with and without them compare."""
    return reciprocal_rank([(outputs[:2], targets[ANSWER_NUMBERS], weights) for outputs, targets, weights in batches])
