"""Regularised dropout (R-Drop, Liang et al. 2021): two views of a row, each under a dropout of its own, must agree."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from tasks.fit.losses import Loss


def consistent(loss: Loss, share: float) -> Loss:
    """`loss` as the mean over the views of each row, plus `share` times how far the first and the last view disagree.

    The disagreement is the mean of both Kullback-Leibler divergences between their class probabilities; the paper's
    alpha is twice `share`, for its loss is the sum over both views. Logits (views * b, classes) have all rows of a
    view one after the other, as `tasks.model.views` gives them; with one view nothing is added.
    """

    def combined(logits: Any, targets: Any, weights: Any, total: Any) -> Any:
        rows = tf.shape(weights)[0]
        views = tf.shape(logits)[0] // rows
        mean = loss(logits, tf.tile(targets, [views]), tf.tile(weights, [views]), total) / tf.cast(views, logits.dtype)
        logs = tf.nn.log_softmax(logits)
        first, last = logs[:rows], logs[-rows:]
        divergence = tf.reduce_sum((tf.exp(first) - tf.exp(last)) * (first - last), axis=-1) / 2.0
        return mean + share * tf.reduce_sum(divergence * weights) / total

    return combined
