"""For each kind of layer its weights' gradients for single examples, from its input and its output's gradient.

What is not here is computed one example at a time (`by_example`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from tasks.dp.gradients.recording import Call
from tasks.dp.gradients.terms import Formed, Lookups, Products, Term
from tasks.model.layers import LayerNorm, TokenEmbeddings
from tasks.model.lora import LowRankDense

_SMALL_KERNEL = 32  # numbers below a kernel
Weighed = list[tuple[Any, Term]]
Rule = Callable[[Call, Any, "Rows"], Weighed]
"""A call, the gradient of its output, and how rows are laid out, to weights with their terms."""


@dataclass(frozen=True)
class Rows:
    """How the rows of a layer's tensors belong to examples.

    Attributes:
        examples: how many there are.
        has_views: whether there may be several rows an example, all first ones before all second ones (`TwoViews`).
    """

    examples: Any
    has_views: bool

    def places(self, tensor: Any, width: int) -> Any:
        """(rows, ..., width) to (b, t, width): all places of an example beside each other."""
        inner = tensor.shape[1:-1]
        count = math.prod(inner) if inner.is_fully_defined() else -1
        return self._folded(tensor, (count, width))

    def ids(self, tensor: Any) -> Any:
        """(rows, ...) to (b, t)."""
        return tf.squeeze(self.places(tf.expand_dims(tensor, -1), 1), -1)

    def summed(self, tensor: Any, axes: int) -> Any:
        """Over all but the rows and the last so many axes."""
        kept = [tensor.shape[axis] for axis in range(-axes, 0)]
        places = self._folded(tensor, (-1, *kept)) if self.has_views or len(tensor.shape) > axes + 1 else tensor
        return tf.reduce_sum(places, 1) if places is not tensor else tensor

    def _folded(self, tensor: Any, shape: tuple[int, ...]) -> Any:
        """(rows, ...) to (b, *shape)."""
        if not self.has_views:
            return tf.reshape(tensor, (self.examples, *shape))
        views = tf.shape(tensor)[0] // self.examples
        stacked = tf.reshape(tensor, (views, self.examples, *shape))
        beside = tf.transpose(stacked, (1, 0, *range(2, len(shape) + 2)))
        return tf.reshape(beside, (self.examples, -1, *shape[1:]))


def rule_of(layer: Any) -> Rule | None:
    """The rule of a layer's very kind, if it holds for the layer as it is configured."""
    rule = _RULES.get(type(layer))
    if isinstance(getattr(layer, "activation", None), tf.keras.layers.Layer):
        return None  # its activation may learn too
    return rule if rule and _CONDITIONS.get(type(layer), lambda _: True)(layer) else None


def _dense(call: Call, gradient: Any, rows: Rows) -> Weighed:
    layer, (inputs,) = call.layer, call.arguments
    gradients = rows.places(gradient, layer.units)
    product = Products(rows.places(inputs, layer.kernel.shape[0]), gradients)
    return [(layer.kernel, product), *_bias(layer, gradient, rows)]


def _convolution(call: Call, gradient: Any, rows: Rows) -> Weighed:
    layer, (inputs,) = call.layer, call.arguments
    patches = patches_of(layer, inputs)
    product = Products(rows.places(patches, patches.shape[-1]), rows.places(gradient, layer.filters))
    return [(layer.kernel, product), *_bias(layer, gradient, rows)]


def patches_of(layer: Any, inputs: Any) -> Any:
    """(b, height, width, channels) to what lies below the kernel at each place, in the kernel's order.

    Small kernels by a convolution with the identity: `extract_patches` took twice as long for 3 by 3 pixels of one
    channel, and half as long for 4 by 4 of 16.
    """
    size = math.prod(layer.kernel.shape[:3])
    padding = layer.padding.upper()
    if size > _SMALL_KERNEL:
        sizes = ([1, *each, 1] for each in (layer.kernel_size, layer.strides, layer.dilation_rate))
        patches = tf.image.extract_patches(inputs, *sizes, padding)
        return tf.ensure_shape(patches, [*patches.shape[:-1], size])
    identity = tf.reshape(tf.eye(size, dtype=inputs.dtype), (*layer.kernel.shape[:3], size))
    return tf.nn.convolution(inputs, identity, layer.strides, padding, dilations=layer.dilation_rate)


def _bias(layer: Any, gradient: Any, rows: Rows) -> Weighed:
    return [(layer.bias, Formed(rows.summed(gradient, 1)))] if layer.use_bias else []


def _embedding(call: Call, gradient: Any, rows: Rows) -> Weighed:
    layer, (ids,) = call.layer, call.arguments
    return [(layer.embeddings, Lookups(rows.ids(ids), rows.places(gradient, layer.output_dim)))]


def _token_embeddings(call: Call, gradient: Any, rows: Rows) -> Weighed:
    layer, (ids,) = call.layer, call.arguments
    gradients = rows.places(gradient, layer.size)
    positions = tf.broadcast_to(tf.range(tf.shape(ids)[1]), tf.shape(ids))
    return [
        (layer.words, Lookups(rows.ids(ids), gradients)),
        (layer.places, Lookups(rows.ids(positions), gradients)),
    ]


def _low_rank_dense(call: Call, gradient: Any, rows: Rows) -> Weighed:
    """Of x A B: that of A is x by the output's gradient times B's transpose, that of B is x A by the gradient."""
    layer, (inputs,) = call.layer, call.arguments
    width, scale = layer.units // layer.parts, layer.alpha / layer.rank
    taken, terms = rows.places(inputs, inputs.shape[-1]), Weighed()
    for part, down, up in zip(layer.adapted, layer.downs, layer.ups, strict=True):
        own = rows.places(gradient[..., part * width : (part + 1) * width] * scale, width)
        terms.append((down, Products(taken, tf.matmul(own, tf.cast(up, own.dtype), transpose_b=True))))
        terms.append((up, Products(tf.matmul(taken, tf.cast(down, taken.dtype)), own)))
    return terms


def _token_norm(call: Call, gradient: Any, rows: Rows) -> Weighed:
    layer, (inputs,) = call.layer, call.arguments
    return _scaled(layer, _standardised(inputs, [-1], layer.epsilon), gradient, rows, 1)


def _layer_norm(call: Call, gradient: Any, rows: Rows) -> Weighed:
    layer, (inputs,) = call.layer, call.arguments
    others = [axis for axis in range(len(inputs.shape)) if axis not in layer.axis]
    standardised, gradient = (
        tf.transpose(tensor, [*others, *layer.axis])
        for tensor in (_standardised(inputs, layer.axis, layer.epsilon), gradient)
    )
    return _scaled(layer, standardised, gradient, rows, len(layer.axis))


def _group_norm(call: Call, gradient: Any, rows: Rows) -> Weighed:
    layer, (inputs,) = call.layer, call.arguments
    shape = tf.shape(inputs)
    grouped = tf.reshape(inputs, (shape[0], -1, layer.groups, inputs.shape[-1] // layer.groups))
    standardised = tf.ensure_shape(tf.reshape(_standardised(grouped, [1, 3], layer.epsilon), shape), inputs.shape)
    return _scaled(layer, standardised, gradient, rows, 1)


def _standardised(inputs: Any, axes: list[int], epsilon: float) -> Any:
    """Mean 0 and variance 1 over some axes."""
    centred = inputs - tf.reduce_mean(inputs, axes, keepdims=True)
    return centred * tf.math.rsqrt(tf.reduce_mean(tf.square(centred), axes, keepdims=True) + epsilon)


def _scaled(layer: Any, standardised: Any, gradient: Any, rows: Rows, axes: int) -> Weighed:
    """Scale and offset of a norm whose weights have the last so many axes; a layer may lack either."""
    found = [(layer.gamma, standardised * gradient), (layer.beta, gradient)]
    return [(weight, Formed(rows.summed(each, axes))) for weight, each in found if weight is not None]


def _is_last(layer: Any, axis: int) -> bool:
    return axis in (-1, layer.input_spec.ndim - 1) if layer.input_spec else axis == -1


LINEAR = (tf.keras.layers.Dense, tf.keras.layers.Conv2D, LowRankDense)
"""Kinds of layers whose rules take the gradient below the activation."""
_RULES: Mapping[type, Rule] = {
    tf.keras.layers.Dense: _dense,
    tf.keras.layers.Conv2D: _convolution,
    tf.keras.layers.Embedding: _embedding,
    tf.keras.layers.LayerNormalization: _layer_norm,
    tf.keras.layers.GroupNormalization: _group_norm,
    TokenEmbeddings: _token_embeddings,
    LowRankDense: _low_rank_dense,
    LayerNorm: _token_norm,
}
_CONDITIONS: Mapping[type, Callable[[Any], bool]] = {
    tf.keras.layers.Conv2D: lambda layer: layer.groups == 1 and layer.data_format == "channels_last",
    tf.keras.layers.Embedding: lambda layer: not layer.sparse,
    tf.keras.layers.GroupNormalization: lambda layer: _is_last(layer, layer.axis),
}
