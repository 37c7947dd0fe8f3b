"""How good a model is on rows that it does not learn from, measured while it learns."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import tensorflow as tf

from tasks.fit.batches import Batches, Examples
from tasks.fit.losses import Loss
from tasks.fit.quality import Batch, Quality
from tasks.fit.step import tensors_of


class Validation:
    """Rows kept back, and what is measured on them.

    Args:
        batch_size: rows computed at once; where rows are each other's wrong answers, figures go by it.
    """

    def __init__(self, examples: Examples, quality: Quality, batch_size: int) -> None:
        self.batches = Batches(examples, batch_size, seed=0)
        self.quality = quality


class Examiner:
    """Measures one model; made once, so that its forward pass is traced once."""

    def __init__(self, validation: Validation, model: Any, loss: Loss) -> None:
        self.validation, self.loss = validation, loss
        signature = [tf.nest.map_structure(_open, tensors_of(validation.batches.slice(0), 0)[0])]
        self._outputs = tf.function(lambda inputs: model(inputs, training=False), input_signature=signature)

    def measure(self) -> dict[str, float]:
        """`loss`, the mean over all rows, and the task's metrics."""
        loss, batches = 0.0, list[Batch]()
        for share, batch in self._batches():
            loss += share
            batches.append(batch)
        return {"loss": loss, **self.validation.quality(batches)}

    def names(self) -> list[str]:
        """What is measured."""
        _, batch = next(self._batches())
        return ["loss", *self.validation.quality([batch])]

    def _batches(self) -> Iterator[tuple[float, Batch]]:
        batches = self.validation.batches
        rows = tf.constant(len(batches.examples), tf.float32)
        for step in range(batches.steps_per_epoch):
            inputs, targets, weights, _, _ = tensors_of(part := batches.slice(step), step)
            outputs = self._outputs(inputs)
            share = float(self.loss(outputs, targets, weights, rows))
            yield share, (tf.nest.map_structure(np.asarray, outputs), part.targets, part.weights)


def _open(tensor: Any) -> Any:
    return tf.TensorSpec([None] * len(tensor.shape), tensor.dtype)
