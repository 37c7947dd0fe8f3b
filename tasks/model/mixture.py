"""Several classifiers as one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import tensorflow as tf

from tasks.model.network import OUTPUT, Network


class WeightedMean(tf.keras.layers.Layer):  # type: ignore[misc]
    """The mean of several tensors of a shape, by weights that add up to 1."""

    def __init__(self, weights: Sequence[float], **options: Any) -> None:
        super().__init__(**options)
        self.shares = list(weights)

    def call(self, inputs: Any) -> Any:
        """Their sum, each times its weight."""
        return tf.add_n([share * tensor for share, tensor in zip(self.shares, inputs, strict=True)])

    def get_config(self) -> dict[str, Any]:
        """What the constructor takes."""
        return {**super().get_config(), "weights": self.shares}


def mixture(networks: Sequence[Network], weights: Sequence[float]) -> Network:
    """A network that gives the probabilities (b, classes) which a network drawn by `weights` gives on average.

    `trained` gives their logarithms, which are logits of the same probabilities.
    """
    first = networks[0]
    inputs = {
        tensor.name: tf.keras.Input(tensor.shape[1:], dtype=tensor.dtype, name=tensor.name)
        for tensor in first.exported.inputs
    }
    members = [
        tf.keras.Model(network.exported.inputs, network.exported.output, name=f"member{place}")
        for place, network in enumerate(networks)
    ]
    told = [member([inputs[tensor.name] for tensor in member.inputs]) for member in members]
    mean = WeightedMean(weights, name=OUTPUT)(told)
    logits = tf.math.log(tf.maximum(mean, 1e-30))
    return replace(first, trained=tf.keras.Model(inputs, logits), exported=tf.keras.Model(inputs, mean), head=())
