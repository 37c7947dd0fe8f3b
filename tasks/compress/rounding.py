"""Layers that compute as int8 does: what they weigh, and what comes in, rounded to 8 bits (Jacob et al. 2018).

Gradients pass through rounding as if it were not there (Bengio, Léonard and Courville 2013).
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from tasks.compress.low_rank import LowRankTokenEmbeddings
from tasks.model.layers import TokenEmbeddings

Together = Literal["vector", "example", "all"]
"""Which activations have a range in common: those of a vector, of an example, or all that ever were."""
_LARGEST = 127  # symmetric: -128 is not used
_STEPS = 255
_REMEMBERED = 100.0  # batches, about, that a range is the mean of


@tf.custom_gradient  # type: ignore[untyped-decorator]
def rounded(values: Any, largest: Any) -> Any:
    """Values as multiples of a 127th of `largest`, which has their dimensions; zeros stay zeros."""
    step = _usable(largest / _LARGEST)
    return tf.round(values / step) * step, lambda upstream: (upstream, None)


@tf.custom_gradient  # type: ignore[untyped-decorator]
def _rounded_between(values: Any, low: Any, high: Any) -> Any:
    """Values as whole steps from the lowest, of 255 to the highest; zero is one of the steps."""
    step = _usable((high - low) / _STEPS)
    zero = tf.round(-low / step)
    codes = tf.clip_by_value(tf.round(values / step) + zero, 0.0, float(_STEPS))
    return (codes - zero) * step, lambda upstream: (upstream, None, None)


class _BuiltByCall:
    """A layer that is read from a file is built by its first call, which gives its weights their full names."""

    def get_build_config(self) -> None:
        """No shape to build it with ahead of that."""


class RoundedActivations(_BuiltByCall, tf.keras.layers.Layer):  # type: ignore[misc]
    """Activations of any shape, rounded to 256 values.

    Args:
        together: of `vector` and `example` the range is that of the activations themselves, as TFLite's kernels on
            floats and int8 weights have it; of `all` the mean range of batches that were learned from.
    """

    def __init__(self, together: Together, **options: Any) -> None:
        super().__init__(**options)
        self.together = together

    def build(self, input_shape: Any) -> None:
        """Make what remembers the range."""
        if self.together == "all":
            self.low, self.high, self.batches = (
                self.add_weight(name=name, shape=(1,), initializer="zeros", trainable=False)
                for name in ("low", "high", "batches")
            )

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Round; in training learn the range first."""
        if self.together != "all":
            axes = [-1] if self.together == "vector" else list(range(1, len(inputs.shape)))
            return _rounded_between(inputs, *_range(inputs, axes))
        if training:
            self._learn(*_range(inputs, None))
        known = tf.quantization.fake_quant_with_min_max_vars(inputs, self.low[0], self.high[0])
        return tf.where(self.batches[0] > 0, known, inputs)

    def _learn(self, low: Any, high: Any) -> None:
        """The first ranges count alike, so that a short training knows its range too; later ones count more."""
        self.batches.assign_add([1.0])
        share = 1.0 / tf.minimum(self.batches, _REMEMBERED)
        self.low.assign_add(share * (tf.reshape(low, [1]) - self.low))
        self.high.assign_add(share * (tf.reshape(high, [1]) - self.high))

    def get_config(self) -> dict[str, Any]:
        """What the constructor takes."""
        return {**super().get_config(), "together": self.together}


class RoundedDense(_BuiltByCall, tf.keras.layers.Dense):  # type: ignore[misc]
    """A dense layer with rounded weights, by one step for each output or one for all."""

    def __init__(self, units: int, by_output: bool = True, **options: Any) -> None:
        super().__init__(units, **options)
        self.by_output = by_output

    def call(self, inputs: Any) -> Any:
        """(..., in) to (..., out)."""
        outputs = tf.tensordot(inputs, _rounded_kernel(self.kernel, self.by_output), axes=1)
        outputs = tf.nn.bias_add(outputs, self.bias) if self.use_bias else outputs
        return self.activation(outputs)

    def plain(self) -> tuple[Any, list[NDArray[np.float32]]]:
        """The layer that Keras has, and its weights, which are rounded."""
        layer = tf.keras.layers.Dense.from_config(super().get_config())
        return layer, [_rounded_kernel(self.kernel, self.by_output).numpy(), *self.get_weights()[1:]]

    def get_config(self) -> dict[str, Any]:
        """What the constructor takes."""
        return {**super().get_config(), "by_output": self.by_output}


class RoundedConvolution(_BuiltByCall, tf.keras.layers.Conv2D):  # type: ignore[misc]
    """A convolution with rounded weights, by one step for each filter or one for all."""

    def __init__(self, filters: int, kernel_size: Any, by_output: bool = True, **options: Any) -> None:
        super().__init__(filters, kernel_size, **options)
        self.by_output = by_output

    def convolution_op(self, inputs: Any, kernel: Any) -> Any:
        """What Keras's layer calls for the product."""
        return super().convolution_op(inputs, _rounded_kernel(kernel, self.by_output))

    def plain(self) -> tuple[Any, list[NDArray[np.float32]]]:
        """The layer that Keras has, and its weights, which are rounded."""
        layer = tf.keras.layers.Conv2D.from_config(super().get_config())
        return layer, [_rounded_kernel(self.kernel, self.by_output).numpy(), *self.get_weights()[1:]]

    def get_config(self) -> dict[str, Any]:
        """What the constructor takes."""
        return {**super().get_config(), "by_output": self.by_output}


class RoundedTable(_BuiltByCall, tf.keras.layers.Embedding):  # type: ignore[misc]
    """A table of embeddings, rounded by one step."""

    def call(self, inputs: Any) -> Any:
        """Rows are rounded once they are found, which is cheaper and the same."""
        return rounded(super().call(inputs), _largest(self.embeddings))

    def plain(self) -> tuple[Any, list[NDArray[np.float32]]]:
        """The layer that Keras has, and its weights, which are rounded."""
        layer = tf.keras.layers.Embedding.from_config(self.get_config())
        return layer, [rounded(self.embeddings, _largest(self.embeddings)).numpy()]


class RoundedTokens(TokenEmbeddings):
    """Token embeddings whose tables are rounded, each by one step."""

    def call(self, input_ids: Any) -> Any:
        """Look both up and add them."""
        words = rounded(tf.gather(self.words, input_ids), _largest(self.words))
        return words + rounded(self.places[: tf.shape(input_ids)[1]], _largest(self.places))

    def plain(self) -> tuple[Any, list[NDArray[np.float32]]]:
        """The layer that encoders have, and its weights, which are rounded."""
        tables = [rounded(table, _largest(table)).numpy() for table in (self.words, self.places)]
        return TokenEmbeddings.from_config(self.get_config()), tables


class RoundedLowRankTokens(LowRankTokenEmbeddings):
    """Low-rank token embeddings whose tables are rounded each by one step, and the projection as a dense layer is."""

    def __init__(self, *sizes: int, by_output: bool = True, **options: Any) -> None:
        super().__init__(*sizes, **options)
        self.by_output = by_output

    def call(self, input_ids: Any) -> Any:
        """Look both up, widen the words, and add them."""
        words = rounded(tf.gather(self.words, input_ids), _largest(self.words))
        places = rounded(self.places[: tf.shape(input_ids)[1]], _largest(self.places))
        return tf.tensordot(words, _rounded_kernel(self.projection, self.by_output), axes=1) + places

    def plain(self) -> tuple[Any, list[NDArray[np.float32]]]:
        """The layer that low rank has, and its weights, which are rounded."""
        tables = [rounded(table, _largest(table)).numpy() for table in (self.words, self.places)]
        projection = _rounded_kernel(self.projection, self.by_output).numpy()
        return LowRankTokenEmbeddings.from_config(super().get_config()), [*tables, projection]

    def get_config(self) -> dict[str, Any]:
        """What the constructor takes."""
        return {**super().get_config(), "by_output": self.by_output}


ROUNDED = (RoundedDense, RoundedConvolution, RoundedTable, RoundedTokens, RoundedLowRankTokens)
"""Layers with rounded weights."""


def _rounded_kernel(kernel: Any, by_output: bool) -> Any:
    axes = list(range(len(kernel.shape) - 1)) if by_output else None
    return rounded(kernel, tf.reduce_max(tf.abs(kernel), axes, keepdims=True))


def _largest(table: Any) -> Any:
    return tf.reduce_max(tf.abs(table))


def _usable(step: Any) -> Any:
    """1 for a step of nothing, or of so little that no float32 holds it: what it is a step of becomes zero."""
    return tf.where(step > 0, step, 1.0)


def _range(values: Any, axes: list[int] | None) -> tuple[Any, Any]:
    """The lowest and the highest value, zero among them."""
    low, high = (reduce(values, axes, keepdims=True) for reduce in (tf.reduce_min, tf.reduce_max))
    return tf.minimum(low, 0.0), tf.maximum(high, 0.0)
