"""Low-rank adapters (LoRA, Hu et al. 2021): dense layers stay as they are, and a product of two thin matrices learns.

A layer computes x W + b + (alpha / rank) x A B, with A (in, rank) normal and B (rank, out) zero at first, so that
training begins at the pretrained model. `merge` folds the product into W: the model that is saved has plain layers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from infra.errors import SourceError
from tasks.model.names import named_weights, set_named_weights

ADAPTER = "adapter.safetensors"


class LowRankDense(tf.keras.layers.Layer):  # type: ignore[misc]
    """A dense layer held still beside adapters of its output's parts.

    Args:
        units: of the whole output.
        parts: equal parts that the output falls into: 3 for queries, keys and values side by side.
        adapted: places of the parts that have an adapter.
        seed: of the thin matrices' initial weights.
    """

    def __init__(
        self,
        units: int,
        rank: int,
        alpha: float,
        parts: int = 1,
        adapted: Sequence[int] = (0,),
        activation: Any = None,
        seed: int = 0,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.units, self.rank, self.alpha, self.seed = units, rank, alpha, seed
        self.parts, self.adapted = parts, tuple(adapted)
        self.activation = tf.keras.activations.get(activation)

    def build(self, input_shape: Any) -> None:
        """Make kernel and bias, which do not learn, and the thin matrices, which do."""
        size, width = input_shape[-1], self.units // self.parts
        self.kernel = self.add_weight(name="kernel", shape=(size, self.units), initializer="zeros", trainable=False)
        self.bias = self.add_weight(name="bias", shape=(self.units,), initializer="zeros", trainable=False)
        normal = [tf.keras.initializers.RandomNormal(stddev=size**-0.5, seed=self.seed + part) for part in self.adapted]
        self.downs = [
            self.add_weight(name=f"down{part}", shape=(size, self.rank), initializer=initializer)
            for part, initializer in zip(self.adapted, normal, strict=True)
        ]
        self.ups = [
            self.add_weight(name=f"up{part}", shape=(self.rank, width), initializer="zeros") for part in self.adapted
        ]
        super().build(input_shape)

    def call(self, inputs: Any) -> Any:
        """(b, t, in) to (b, t, units)."""
        low = tf.tensordot(inputs, tf.concat(self.downs, axis=1), axes=1)
        added = tf.tensordot(low, self._spread_ups(), axes=1) * (self.alpha / self.rank)
        return self.activation(tf.tensordot(inputs, self.kernel, axes=1) + self.bias + added)

    def merged_kernel(self) -> NDArray[np.float32]:
        """W + (alpha / rank) A B, of which a plain dense layer gives the same outputs."""
        added = tf.matmul(tf.concat(self.downs, axis=1), self._spread_ups()) * (self.alpha / self.rank)
        result: NDArray[np.float32] = (self.kernel + added).numpy()
        return result

    def _spread_ups(self) -> Any:
        """All B below each other, each beside zeros for the parts that it does not reach."""
        width = self.units // self.parts
        margins = [(part * width, self.units - (part + 1) * width) for part in self.adapted]
        return tf.concat([tf.pad(up, [(0, 0), margin]) for up, margin in zip(self.ups, margins, strict=True)], axis=0)

    def get_config(self) -> dict[str, Any]:
        """What the constructor takes."""
        own = {"units": self.units, "rank": self.rank, "alpha": self.alpha, "parts": self.parts}
        activation = tf.keras.activations.serialize(self.activation)
        return {**super().get_config(), **own, "adapted": self.adapted, "activation": activation, "seed": self.seed}


def hold_all_but_adapters(encoder: Any) -> None:
    """Let nothing of an encoder learn but its adapters."""
    for layer in encoder.layers:
        layer.trainable = isinstance(layer, LowRankDense)


def adapted_layers(model: Any) -> Iterator[LowRankDense]:
    """The layers with adapters, those of models within the model too."""
    for layer in model._flatten_layers(include_self=False):
        if isinstance(layer, LowRankDense):
            yield layer


def merge(model: Any) -> Any:
    """The model with its adapters folded into plain dense layers; without adapters, the model itself."""
    if not any(adapted_layers(model)):
        return model
    kernels = {layer.name: layer.merged_kernel() for layer in adapted_layers(model)}
    plain = _plain(model)
    values = {name: variable.numpy() for name, variable in named_weights(model).items()}
    values |= {f"{name}/kernel": kernel for name, kernel in kernels.items()}
    set_named_weights(plain, {name: values[name] for name in named_weights(plain)})
    return plain


def save_adapter(model: Any, file: Path, base_digest: str) -> None:
    """Write what learned of a model whose encoder has adapters: those, and its head.

    Args:
        base_digest: of the weights that the encoder began with.
    """
    learned = {id(variable) for variable in model.trainable_variables}
    weights = {name: variable.numpy() for name, variable in named_weights(model).items() if id(variable) in learned}
    save_file(weights, file, metadata={"base": base_digest})


def load_adapter(model: Any, file: Path, base_digest: str) -> None:
    """Lay what `save_adapter` wrote over a model that was built as that one was, on the same base.

    Raises:
        SourceError: the file can't be read, is of another base, or of other sizes.
    """
    try:
        with safe_open(file, "numpy") as content:
            base = (content.metadata() or {}).get("base", "none")
            weights = {name: content.get_tensor(name) for name in content.keys()}  # noqa: SIM118 - no mapping
    except (OSError, SafetensorError) as error:
        raise _unusable(file, str(error), "a whole safetensors file") from None
    if base != base_digest:
        raise _unusable(file, f"an adapter of base {base}", f"one of base {base_digest}")
    try:
        set_named_weights(model, weights)
    except ValueError as error:
        raise _unusable(file, str(error), "an adapter of the same rank and targets") from None


def _plain(model: Any) -> Any:
    """A copy of a model, with new weights, in which dense layers stand for those with adapters."""

    def copy(layer: Any) -> Any:
        if isinstance(layer, LowRankDense):
            return tf.keras.layers.Dense(layer.units, activation=layer.activation, name=layer.name)
        if isinstance(layer, tf.keras.Model):
            return _plain(layer)
        return layer.__class__.from_config(layer.get_config())

    return tf.keras.models.clone_model(model, clone_function=copy)


def _unusable(file: Path, found: str, allowed: str) -> SourceError:
    return SourceError(f"adapter {file}", found=found, allowed=allowed, action="Give the adapter of this model.")
