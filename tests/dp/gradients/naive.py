"""Clipped gradients as one would compute them by hand: each example alone, its gradient in float64, clipped, added."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from tasks.dp.gradients.clipped import Clipped, ClippedGradients
from tasks.fit.losses import Loss
from tasks.model.dropout import dropout_seed

SEED = (3, 5)


def chosen(arrays: Any, rows: Any) -> Any:
    """Rows of all arrays."""
    return tf.nest.map_structure(lambda array: tf.constant(array[rows]), arrays)


def of_examples(model: Any, weights: Sequence[Any], loss: Loss, inputs: Any, targets: Any) -> tuple[Any, list[Any]]:
    """Each example's loss, and its gradient for each weight."""

    @tf.function(autograph=False, reduce_retracing=True)
    def of_example(row: Any, inputs: Any, targets: Any) -> Any:
        with tf.GradientTape() as tape, dropout_seed(tf.constant(SEED), row):
            value = loss(model(inputs, training=True), targets, tf.ones(1), 1.0)
        found = tape.gradient(value, weights, unconnected_gradients=tf.UnconnectedGradients.ZERO)
        return value, [tf.convert_to_tensor(one) for one in found]

    count = len(tf.nest.flatten(inputs)[0])
    found = [of_example(tf.constant([row]), chosen(inputs, [row]), chosen(targets, [row])) for row in range(count)]
    losses, gradients = zip(*found, strict=True)
    return np.array(losses), [[one.numpy().astype(np.float64) for one in example] for example in gradients]


def naive(
    gradients: Sequence[Sequence[Any]], groups: Sequence[Sequence[int]], mask: Any, clips: Any
) -> tuple[list[Any], Any]:
    """From each example's gradients to the sums of those that are clipped, and the norms (b, groups)."""
    sums = [np.zeros_like(one) for one in gradients[0]]
    norms = np.array(
        [[np.sqrt(sum((example[place] ** 2).sum() for place in group)) for group in groups] for example in gradients]
    )
    for example, counts, lengths in zip(gradients, mask, norms, strict=True):
        for group, clip, length in zip(groups, clips, lengths, strict=True):
            for place in group:
                sums[place] += counts * min(1.0, clip / length if length else 1.0) * example[place]
    return sums, norms


def compiled(gradients: ClippedGradients) -> Any:
    """From arrays to what a training step would get, as float64 arrays."""

    @tf.function(autograph=False, reduce_retracing=True)
    def compute(inputs: Any, targets: Any, mask: Any, clips: Any) -> Clipped:
        with dropout_seed(tf.constant(SEED), tf.range(tf.shape(mask)[0])):
            return gradients(inputs, targets, mask, clips)

    def run(inputs: Any, targets: Any, mask: Any, clips: Any) -> Clipped:
        found = compute(
            chosen(inputs, slice(None)),
            chosen(targets, slice(None)),
            tf.constant(mask, tf.float32),
            tf.constant(clips, tf.float32),
        )
        return Clipped(*tf.nest.map_structure(lambda tensor: tensor.numpy().astype(np.float64), tuple(found)))

    return run


def assert_as_naive(
    model: Any, loss: Loss, inputs: Any, targets: Any, groups: Sequence[Sequence[int]] | None = None
) -> None:
    """At clips that half the examples reach, and with the last row as padding."""
    weights = list(model.trainable_variables)
    count = len(tf.nest.flatten(inputs)[0])
    parts = groups or [list(range(len(weights)))]
    mask = np.arange(count) < count - 1
    losses, each = of_examples(model, weights, loss, inputs, targets)
    _, lengths = naive(each, parts, mask, np.ones(len(parts)))
    clips = np.maximum(np.median(lengths, axis=0), 1e-3)
    sums, norms = naive(each, parts, mask, clips)

    found = compiled(ClippedGradients(model, weights, loss, groups))(inputs, targets, mask, clips)

    np.testing.assert_allclose(found.norms[:-1], norms[:-1], rtol=1e-5, atol=1e-6 * norms.max())
    assert (found.norms[-1] == 0).all()
    apart = np.sqrt(sum(((one - other) ** 2).sum() for one, other in zip(found.sums, sums, strict=True)))
    assert apart <= 1e-5 * np.sqrt(sum((one**2).sum() for one in sums))
    np.testing.assert_allclose(found.losses, losses, rtol=1e-4, atol=1e-6)
