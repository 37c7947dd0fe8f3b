"""Losses as one worker's share of the mean over the global batch: the shares of all workers add up to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf

Loss = Callable[[Any, Any, Any, Any], Any]
"""(outputs, targets (b,), weights (b,), rows of the global batch) to a scalar."""


def cross_entropy(label_smoothing: float = 0.0) -> Loss:
    """Softmax cross-entropy of logits (b, classes); a share of the target's mass is spread over all classes."""

    def loss(logits: Any, targets: Any, weights: Any, total: Any) -> Any:
        classes = logits.shape[-1]
        hot = tf.one_hot(targets, classes) * (1.0 - label_smoothing) + label_smoothing / classes
        return _mean(tf.nn.softmax_cross_entropy_with_logits(hot, logits), weights, total)

    return loss


def squared_error(outputs: Any, targets: Any, weights: Any, total: Any) -> Any:
    """Squared difference of predictions (b,) and targets (b,)."""
    return _mean(tf.square(outputs - tf.cast(targets, outputs.dtype)), weights, total)


def contrastive(temperature: float) -> Loss:
    """Cross-entropy of a question's own answer against all answers of the global batch (Henderson et al. 2017).

    An answer that stands in the batch more than once is no negative of itself; `targets` number the answers.
    """

    def loss(outputs: tuple[Any, Any], targets: Any, weights: Any, total: Any) -> Any:
        questions, answers = outputs
        context = tf.distribute.get_replica_context()
        rows = tf.shape(questions)[0]
        own = rows * context.replica_id_in_sync_group + tf.range(rows)
        all_answers, all_targets, all_weights = (_gather(value) for value in (answers, targets, weights))
        same = tf.equal(targets[:, None], all_targets[None, :]) | tf.equal(all_weights, 0.0)[None, :]
        left_out = same & ~tf.cast(tf.one_hot(own, tf.shape(all_targets)[0]), tf.bool)
        scores = tf.matmul(questions, all_answers, transpose_b=True) / temperature
        scores = tf.where(left_out, -1e9, scores)
        return _mean(tf.nn.sparse_softmax_cross_entropy_with_logits(own, scores), weights, total)

    return loss


def _gather(value: Any) -> Any:
    """The rows of all workers, in their order.

    Each worker adds its own to zeros of the others: TensorFlow's `all_gather` fails where a process has one replica.
    """
    context = tf.distribute.get_replica_context()
    workers = context.num_replicas_in_sync
    if workers == 1:
        return value
    mine = tf.one_hot(context.replica_id_in_sync_group, workers, dtype=value.dtype)
    spread = tf.reshape(mine, [workers] + [1] * len(value.shape)) * value[None]
    all_rows = context.all_reduce(tf.distribute.ReduceOp.SUM, spread)
    return tf.reshape(all_rows, tf.concat([[-1], tf.shape(value)[1:]], 0))


def _mean(losses: Any, weights: Any, total: Any) -> Any:
    return tf.reduce_sum(losses * weights) / total
