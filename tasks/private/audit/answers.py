"""What a model says of each row: its loss, and the outputs that an attacker sees."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from tasks.fit.batches import Batches, Examples
from tasks.fit.losses import Loss
from tasks.fit.step import tensors_of

_BATCH = 512


@dataclass(frozen=True)
class Answers:
    """Of n rows, in their order.

    Attributes:
        losses: (n,).
        outputs: (n, ...) where the model has one output, else (n, 0).
    """

    losses: NDArray[np.float64]
    outputs: NDArray[np.float64]


def answers(model: Any, loss: Loss, examples: Examples) -> Answers:
    """Ask a Keras model of every row, without dropout."""
    batches, called = Batches(examples, _BATCH, seed=0), tf.function(_losses, autograph=False, reduce_retracing=True)
    places, losses, outputs = [], [], []
    for step in range(batches.steps_per_epoch):
        part = batches.slice(step)
        inputs, targets, *_ = tensors_of(part, step)
        each, output = called(model, loss, inputs, targets, tf.ones(len(part.rows)))
        places.append(part.rows)
        losses.append(each.numpy().astype(np.float64))
        outputs.append(output.numpy().astype(np.float64) if tf.is_tensor(output) else np.zeros((len(part.rows), 0)))
    order = np.argsort(np.concatenate(places))
    return Answers(np.concatenate(losses)[order], np.concatenate(outputs)[order])


def _losses(model: Any, loss: Loss, inputs: Any, targets: Any, weights: Any) -> tuple[Any, Any]:
    """Losses are the slope of the whole loss by the rows' weights, in which it is linear."""
    with tf.GradientTape() as tape:
        tape.watch(weights)
        outputs = model(inputs, training=False)
        whole = loss(outputs, targets, weights, 1.0)
    return tape.gradient(whole, weights), outputs
