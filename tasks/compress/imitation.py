"""Losses towards a teacher, as one worker's share of the mean over the batch: the `Loss` of the room `fit`.

Of a teacher's logits as much is learned as at a temperature is left of them, and gradients are brought back to the size
that they have without one, by its square (Hinton, Vinyals and Dean 2015).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import tensorflow as tf

from tasks.compress.teacher import ANSWER, ONLY, QUESTION, parted
from tasks.features.heads import Head
from tasks.fit.losses import Loss
from tasks.options import HeadKind

_TAKEN = -1e8  # what a ranker gives for an item that the user took too lies below


def towards(loss: Loss, imitation: Loss, share: float) -> Loss:
    """`share` of `imitation`, which takes what the teacher gives by name, and the rest of the lesson's own loss."""

    def combined(outputs: Any, targets: Any, weights: Any, total: Any) -> Any:
        truth, given = parted(targets)
        taught = imitation(outputs, given, weights, total)
        return share * taught + (1.0 - share) * loss(outputs, truth, weights, total) if share < 1.0 else taught

    return combined


def of_only(loss: Loss) -> Loss:
    """A loss on the one thing that a teacher gives."""
    return lambda outputs, given, weights, total: loss(outputs, given[ONLY], weights, total)


def soft_classes(temperature: float) -> Loss:
    """Kullback-Leibler divergence of classes from the teacher's, of logits (b, classes), times temperature squared."""

    def loss(logits: Any, taught: Any, weights: Any, total: Any) -> Any:
        own, theirs = (tf.nn.log_softmax(values / temperature) for values in (logits, taught))
        divergence = tf.reduce_sum(tf.exp(theirs) * (theirs - own), axis=-1)
        return temperature**2 * _mean(divergence, weights, total)

    return loss


def soft_labels(temperature: float) -> Loss:
    """The same of labels each of which is there or not, of logits (b, labels): the mean over labels."""

    def loss(logits: Any, taught: Any, weights: Any, total: Any) -> Any:
        own, theirs = logits / temperature, taught / temperature
        crossed = tf.nn.sigmoid_cross_entropy_with_logits(tf.sigmoid(theirs), own)
        entropy = tf.nn.sigmoid_cross_entropy_with_logits(tf.sigmoid(theirs), theirs)
        return temperature**2 * _mean(tf.reduce_mean(crossed - entropy, axis=-1), weights, total)

    return loss


def soft_tags(temperature: float) -> Loss:
    """The same of classes of each word, of logits (b, t, tags): the mean over a text's words, which are not NaN."""
    classes = soft_classes(temperature)

    def loss(logits: Any, taught: Any, weights: Any, total: Any) -> Any:
        is_word = tf.math.is_finite(taught[..., 0])
        words = tf.cast(is_word, logits.dtype)
        each = words * (weights / tf.maximum(tf.reduce_sum(words, axis=1), 1.0))[:, None]
        filled, tags = tf.where(is_word[..., None], taught, logits), logits.shape[-1]
        return classes(tf.reshape(logits, (-1, tags)), tf.reshape(filled, (-1, tags)), tf.reshape(each, (-1,)), total)

    return loss


def squared_difference(outputs: Any, taught: Any, weights: Any, total: Any) -> Any:
    """Of numbers (b,), or of scores (b, n), the mean over those that count."""
    if len(outputs.shape) == 1:
        return _mean(tf.square(outputs - taught), weights, total)
    counts = tf.cast(taught > _TAKEN, outputs.dtype)
    squares = tf.square(tf.where(taught > _TAKEN, outputs - taught, 0.0))
    return _mean(tf.reduce_sum(squares, axis=1) / tf.maximum(tf.reduce_sum(counts, axis=1), 1.0), weights, total)


def same_embeddings(outputs: Any, given: Mapping[str, Any], weights: Any, total: Any) -> Any:
    """One less the cosine of unit embeddings (b, d) of question and answer with the teacher's, the mean of both."""
    question, answer, *_ = outputs
    cosines = tf.reduce_sum(question * given[QUESTION] + answer * given[ANSWER], axis=-1)
    return _mean(1.0 - cosines / 2.0, weights, total)


def same_similarities(outputs: Any, given: Mapping[str, Any], weights: Any, total: Any) -> Any:
    """The squared difference of the cosines of each question with all answers of the batch, the mean over answers.

    The teacher's embeddings may be of another size (similarity-preserving distillation, Tung and Mori 2019).
    """
    question, answer, *_ = outputs
    pairs = (question, answer), (given[QUESTION], given[ANSWER])
    own, theirs = (tf.matmul(questions, answers, transpose_b=True) for questions, answers in pairs)
    share = weights / tf.reduce_sum(weights)
    return _mean(tf.linalg.matvec(tf.square(own - theirs), share), weights, total)


def of_heads(heads: Sequence[Head], shares: Mapping[str, float], temperature: float) -> Loss:
    """The losses of all heads, each by its weight; standardised numbers by their squared difference."""
    losses: dict[HeadKind, Loss] = {
        "classification": soft_classes(temperature),
        "multi_label": soft_labels(temperature),
        "tagging": soft_tags(temperature),
        "regression": squared_difference,
    }

    def loss(outputs: Any, given: Any, weights: Any, total: Any) -> Any:
        names = [(head.output, losses[head.kind]) for head in heads]
        return tf.add_n([shares[name] * one(outputs[name], given[name], weights, total) for name, one in names])

    return loss


def _mean(losses: Any, weights: Any, total: Any) -> Any:
    return tf.reduce_sum(losses * weights) / total
