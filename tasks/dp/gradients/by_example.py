"""Gradients of a layer's weights one example at a time: slow, and right for any layer that looks at rows singly."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from tasks.dp.gradients.layers import Rows, Weighed
from tasks.dp.gradients.recording import Call
from tasks.dp.gradients.terms import Formed


def by_example(call: Call, gradient: Any, rows: Rows, weights: Sequence[Any]) -> Weighed:
    """The layer is called again with each row alone, and its output's gradient goes back to its weights."""
    flat = tf.nest.flatten((call.arguments, call.options))
    places = [place for place, value in enumerate(flat) if tf.is_tensor(value)]

    def of_row(row: Any) -> list[Any]:
        *tensors, upstream = row
        values = list(flat)
        for place, tensor in zip(places, tensors, strict=True):
            values[place] = tensor[None]
        arguments, options = tf.nest.pack_sequence_as((call.arguments, call.options), values)
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(weights)
            output = call.layer.call(*arguments, **options)
        found = tape.gradient(output, weights, upstream[None], unconnected_gradients=tf.UnconnectedGradients.ZERO)
        return [tf.convert_to_tensor(one) for one in found]

    formed = tf.vectorized_map(of_row, [*(flat[place] for place in places), gradient])
    return [(weight, Formed(rows.summed(one, len(weight.shape)))) for weight, one in zip(weights, formed, strict=True)]
