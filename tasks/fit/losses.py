"""Losses as one worker's share of the mean over the global batch: the shares of all workers add up to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from tasks.fit.config import LOSSES, LossOptions

Loss = Callable[[Any, Any, Any, Any], Any]
"""(outputs, targets (b,), weights (b,), rows of the global batch) to a scalar."""
ANSWER_NUMBERS, WRONG_NUMBERS = "answer_numbers", "wrong_numbers"


def build_loss(kind: str, options: LossOptions) -> Loss:
    """The loss that the options name, or else the usual one, for a task or a kind of head."""
    match options.name or LOSSES[kind][0]:
        case "focal" if kind == "multi_label":
            return binary_focal(options.focal_gamma)
        case "focal":
            return focal(options.focal_gamma, options.label_smoothing)
        case "binary_cross_entropy":
            return binary_cross_entropy(options.label_smoothing)
        case "squared_error":
            return squared_error
        case "contrastive":
            return contrastive(options.temperature)
        case "pairwise_ranking":
            return pairwise_ranking(options.ranking_margin)
    return cross_entropy(options.label_smoothing)


def cross_entropy(label_smoothing: float = 0.0) -> Loss:
    """Softmax cross-entropy of logits (b, classes); a share of the target's mass is spread over all classes."""

    def loss(logits: Any, targets: Any, weights: Any, total: Any) -> Any:
        hot = _smooth(targets, logits.shape[-1], label_smoothing)
        return _mean(tf.nn.softmax_cross_entropy_with_logits(hot, logits), weights, total)

    return loss


def focal(gamma: float, label_smoothing: float = 0.0) -> Loss:
    """Cross-entropy of logits (b, classes) in which class c counts (1 - p_c) ** gamma times (Lin et al. 2017).

    So rows that are right already count little, and rare or hard ones more. With gamma 0 it is cross-entropy.
    """

    def loss(logits: Any, targets: Any, weights: Any, total: Any) -> Any:
        hot, logs = _smooth(targets, logits.shape[-1], label_smoothing), tf.nn.log_softmax(logits)
        return _mean(-tf.reduce_sum(hot * _left(tf.exp(logs), gamma) * logs, axis=-1), weights, total)

    return loss


def binary_cross_entropy(label_smoothing: float = 0.0) -> Loss:
    """Log loss of logits (b, labels) for targets of 0 and 1 (b, labels), the mean over labels.

    Smoothing moves targets towards a half.
    """

    def loss(logits: Any, targets: Any, weights: Any, total: Any) -> Any:
        smooth = tf.cast(targets, logits.dtype) * (1.0 - label_smoothing) + label_smoothing / 2
        losses = tf.nn.sigmoid_cross_entropy_with_logits(smooth, logits)
        return _mean(tf.reduce_mean(losses, axis=-1), weights, total)

    return loss


def binary_focal(gamma: float) -> Loss:
    """Log loss as above, in which an answer of probability p counts (1 - p) ** gamma times (Lin et al. 2017)."""

    def loss(logits: Any, targets: Any, weights: Any, total: Any) -> Any:
        signed = logits * (2.0 * tf.cast(targets, logits.dtype) - 1.0)  # its sigmoid is the probability of what is so
        losses = -_left(tf.sigmoid(signed), gamma) * tf.math.log_sigmoid(signed)
        return _mean(tf.reduce_mean(losses, axis=-1), weights, total)

    return loss


def squared_error(outputs: Any, targets: Any, weights: Any, total: Any) -> Any:
    """Squared difference of predictions (b,) and targets (b,)."""
    return _mean(tf.square(outputs - tf.cast(targets, outputs.dtype)), weights, total)


def pairwise_ranking(margin: float = 0.0) -> Loss:
    """How far wrong items come before the right one, of scores (b, 1 + n) whose first column is the right item's.

    Without a margin -log sigmoid(right - wrong), the BPR of Rendle et al. 2009; with one max(0, margin - right +
    wrong) (Weston and Watkins 1999). The mean over the n wrong items; targets are not looked at.
    """

    def loss(scores: Any, _targets: Any, weights: Any, total: Any) -> Any:
        leads = scores[:, :1] - scores[:, 1:]
        losses = tf.nn.relu(margin - leads) if margin else tf.nn.softplus(-leads)
        return _mean(tf.reduce_mean(losses, axis=1), weights, total)

    return loss


def contrastive(temperature: float) -> Loss:
    """Cross-entropy of a question's own answer against all answers of the global batch (Henderson et al. 2017).

    An answer that stands in the batch more than once is no negative of itself; `targets` number the answers. With a
    third output, the embeddings of each question's hard negatives (b, k, d), all answers are against those too
    (Karpukhin et al. 2020); `targets` are then the numbers by ANSWER_NUMBERS (b,) and by WRONG_NUMBERS (b, k).
    """

    def loss(outputs: Any, targets: Any, weights: Any, total: Any) -> Any:
        questions, answers, *wrong = outputs
        targets, wrong_targets = (targets[ANSWER_NUMBERS], targets[WRONG_NUMBERS]) if wrong else (targets, None)
        rows = tf.shape(questions)[0]
        own = rows * _replica() + tf.range(rows)
        all_answers, all_targets, all_weights = (_gather(value) for value in (answers, targets, weights))
        if wrong:
            size, count = tf.shape(wrong[0])[2], tf.shape(wrong[0])[1]
            more = (tf.reshape(wrong[0], (-1, size)), tf.reshape(wrong_targets, (-1,)), tf.repeat(weights, count))
            all_answers, all_targets, all_weights = (
                tf.concat([ones, _gather(others)], 0)
                for ones, others in zip((all_answers, all_targets, all_weights), more, strict=True)
            )
        same = tf.equal(targets[:, None], all_targets[None, :]) | tf.equal(all_weights, 0.0)[None, :]
        left_out = same & ~tf.cast(tf.one_hot(own, tf.shape(all_targets)[0]), tf.bool)
        scores = tf.matmul(questions, all_answers, transpose_b=True) / temperature
        scores = tf.where(left_out, -1e9, scores)
        return _mean(tf.nn.sparse_softmax_cross_entropy_with_logits(own, scores), weights, total)

    return loss


def _smooth(targets: Any, classes: int, share: float) -> Any:
    return tf.one_hot(targets, classes) * (1.0 - share) + share / classes


def _left(probabilities: Any, gamma: float) -> Any:
    """(1 - p) ** gamma; the slope of a power is infinite at 0 for gamma below 1, hence the floor."""
    return tf.pow(tf.maximum(1.0 - probabilities, 1e-7), gamma)


def _replica() -> Any:
    """This worker's place among all; a measurement outside of a step is made by one worker alone."""
    context = tf.distribute.get_replica_context()
    return context.replica_id_in_sync_group if context else 0


def _gather(value: Any) -> Any:
    """The rows of all workers, in their order.

    Each worker adds its own to zeros of the others: TensorFlow's `all_gather` fails where a process has one replica.
    """
    context = tf.distribute.get_replica_context()
    workers = context.num_replicas_in_sync if context else 1
    if workers == 1:
        return value
    mine = tf.one_hot(context.replica_id_in_sync_group, workers, dtype=value.dtype)
    spread = tf.reshape(mine, [workers] + [1] * len(value.shape)) * value[None]
    all_rows = context.all_reduce(tf.distribute.ReduceOp.SUM, spread)
    return tf.reshape(all_rows, tf.concat([[-1], tf.shape(value)[1:]], 0))


def _mean(losses: Any, weights: Any, total: Any) -> Any:
    return tf.reduce_sum(losses * weights) / total
