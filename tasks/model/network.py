"""What every model builder returns: one set of weights, seen by training and by whoever predicts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tensorflow as tf

OUTPUT = "output"
COLUMNS = "columns"


@dataclass(frozen=True)
class RawColumns:
    """Columns as a data set has them, which an exported model can take in place of its encoded inputs.

    Attributes:
        specifications: type and shape of each.
        encode: from the columns to the model's inputs, by TensorFlow's operations alone.
    """

    specifications: dict[str, Any]
    encode: Callable[[Mapping[str, Any]], dict[str, Any]]


@dataclass(frozen=True)
class Network:
    """Two Keras models that share their weights.

    Attributes:
        trained: gives what the loss takes: logits, a pair of embeddings, or ratings; of several heads, each by name.
        exported: gives what a user takes: probabilities, unit embeddings, or ratings within their bounds.
        head: weights of a new head on a pretrained encoder, which learn at a rate of their own.
        columns: raw columns that the saved model takes too, under the signature `columns`.
    """

    trained: Any
    exported: Any
    head: tuple[Any, ...] = ()
    columns: RawColumns | None = None

    def save(self, folder: Path) -> None:
        """Write the exported model as a SavedModel whose signature `serving_default` gives all outputs by name."""
        save_model(self.exported, folder, self.columns)


def save_model(model: Any, folder: Path, columns: RawColumns | None = None) -> None:
    """Write a Keras model as a SavedModel that holds its forward pass and its weights, and no training state.

    With `columns` it has a second signature of that name, which needs no code of ours to serve.
    """
    specification = {
        tensor.name: tf.TensorSpec(tensor.shape, tensor.dtype, name=tensor.name) for tensor in _inputs(model)
    }

    @tf.function(input_signature=[specification])  # type: ignore[untyped-decorator]
    def predict(inputs: dict[str, Any]) -> dict[str, Any]:
        return _named(model(inputs, training=False))

    module = tf.Module()
    module.weights = list(model.weights)
    module.predict = predict
    signatures = {"serving_default": predict}
    if columns is not None:
        module.predict_columns = signatures[COLUMNS] = _on_columns(model, columns)
    tf.saved_model.save(module, str(folder), signatures=signatures)


def _on_columns(model: Any, columns: RawColumns) -> Any:
    named = {
        name: tf.TensorSpec(specification.shape, specification.dtype, name=name)
        for name, specification in columns.specifications.items()
    }

    @tf.function(input_signature=[named])  # type: ignore[untyped-decorator]
    def predict_columns(inputs: dict[str, Any]) -> dict[str, Any]:
        return _named(model(columns.encode(inputs), training=False))

    return predict_columns


def _named(outputs: Any) -> dict[str, Any]:
    """Outputs by name: those of several heads have names of their own."""
    return outputs if isinstance(outputs, dict) else {OUTPUT: outputs}


def _inputs(model: Any) -> list[Any]:
    inputs: list[Any] = tf.nest.flatten(model.input)
    return inputs
