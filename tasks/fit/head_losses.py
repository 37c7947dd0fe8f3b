"""The loss of a model with several heads: the sum of theirs, each by its weight, over the truth that is there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import tensorflow as tf

from tasks.fit.losses import Loss
from tasks.options import HeadKind


def weighed_sum(losses: Mapping[str, Loss], shares: Mapping[str, float]) -> Loss:
    """The losses of outputs and targets by name, each times its share."""

    def loss(outputs: Any, targets: Any, weights: Any, total: Any) -> Any:
        parts = [shares[name] * one(outputs[name], targets[name], weights, total) for name, one in losses.items()]
        return tf.add_n(parts)

    return loss


def where_known(kind: HeadKind, loss: Loss, words: float = 1.0) -> Loss:
    """`loss` of a head, in which rows and tokens without a truth don't count: a class below 0, or NaN.

    Args:
        words: mean number of words a row that have a tag. Each counts alike, and by it the loss does not grow with
            the length of texts, nor depend on which rows are in one batch or on one worker.
    """

    def known(outputs: Any, targets: Any, weights: Any, total: Any) -> Any:
        if kind == "tagging":
            weights = tf.reshape(tf.broadcast_to(weights[:, None] / words, tf.shape(targets)), [-1])
            outputs, targets = tf.reshape(outputs, [-1, outputs.shape[-1]]), tf.reshape(targets, [-1])
        there = tf.math.is_finite(targets) if kind == "regression" else targets >= 0
        filled = tf.where(there, targets, tf.zeros_like(targets))
        rows = there[:, 0] if kind == "multi_label" else there
        return loss(outputs, filled, weights * tf.cast(rows, weights.dtype), total)

    return known
