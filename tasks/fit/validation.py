"""How good a model is on rows that it does not learn from, measured while it learns."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from tasks.fit.batches import Batches, Examples, Slice
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
        """`loss`, the mean over all rows whose class was learned, NaN if there is none, and the task's metrics."""
        loss, rows, batches = 0.0, 0, list[Batch]()
        for part, known, batch in self._batches():
            loss += part
            rows += known
            batches.append(batch)
        return {"loss": loss / rows if rows else math.nan, **self.validation.quality(batches)}

    def names(self) -> list[str]:
        """What is measured."""
        *_, batch = next(self._batches())
        return ["loss", *self.validation.quality([batch])]

    def _batches(self) -> Iterator[tuple[float, int, Batch]]:
        """Of each batch the sum of the losses, over how many rows, and what quality is measured by."""
        batches = self.validation.batches
        for step in range(batches.steps_per_epoch):
            inputs, targets, weights, _, _ = tensors_of(part := batches.slice(step), step)
            outputs, known = self._outputs(inputs), _known(part)
            loss = float(self.loss(outputs, targets, weights * tf.cast(known, weights.dtype), 1.0))
            count = np.count_nonzero(known & (part.weights > 0))
            yield loss, count, (tf.nest.map_structure(np.asarray, outputs), part.targets, part.weights)


def _known(part: Slice) -> NDArray[np.bool_]:
    """Rows but those whose class, below 0, no row to learn from has: the model has no answer that would be right.

    Where a model has several heads, their losses look after that.
    """
    targets = part.targets
    is_class = not isinstance(targets, dict) and targets.ndim == 1 and targets.dtype.kind == "i"
    return np.asarray(targets) >= 0 if is_class else np.ones(len(part.weights), np.bool_)


def _open(tensor: Any) -> Any:
    return tf.TensorSpec([None] * len(tensor.shape), tensor.dtype)
