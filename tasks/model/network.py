"""What every model builder returns: one set of weights, seen by training and by whoever predicts."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tensorflow as tf

OUTPUT = "output"


@dataclass(frozen=True)
class Network:
    """Two Keras models that share their weights.

    Attributes:
        trained: gives what the loss takes: logits, a pair of embeddings, or ratings.
        exported: gives what a user takes: probabilities, unit embeddings, or ratings within their bounds.
        head: weights of a new head on a pretrained encoder, which learn at a rate of their own.
    """

    trained: Any
    exported: Any
    head: tuple[Any, ...] = ()

    def save(self, folder: Path) -> None:
        """Write the exported model as a SavedModel whose signature `serving_default` gives `output`."""
        save_model(self.exported, folder)


def save_model(model: Any, folder: Path) -> None:
    """Write a Keras model as a SavedModel that holds its forward pass and its weights, and no training state."""
    specification = {
        tensor.name: tf.TensorSpec(tensor.shape, tensor.dtype, name=tensor.name) for tensor in _inputs(model)
    }

    @tf.function(input_signature=[specification])  # type: ignore[untyped-decorator]
    def predict(inputs: dict[str, Any]) -> dict[str, Any]:
        return {OUTPUT: model(inputs, training=False)}

    module = tf.Module()
    module.weights = list(model.weights)
    module.predict = predict
    tf.saved_model.save(module, str(folder), signatures=predict)


def _inputs(model: Any) -> list[Any]:
    inputs: list[Any] = tf.nest.flatten(model.input)
    return inputs
