"""Logits moved by the group that a row is of: a threshold of its own for each."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from tasks.model.network import OUTPUT

GROUPS = "groups"


class GroupShift(tf.keras.layers.Layer):  # type: ignore[misc]
    """Logits (b, classes) and places in protected columns (b, k) to logits (b, classes).

    Args:
        sizes: places of each column, the one for unknown values included.
        shifts: what is added, for each crossing of places, the last column's fastest, and each class; 0 where it is
            of no known group.
    """

    def __init__(self, sizes: Sequence[int], shifts: Sequence[Sequence[float]], **options: Any) -> None:
        super().__init__(**options)
        self.sizes, self.shifts = list(sizes), [list(row) for row in shifts]

    def call(self, inputs: Any) -> Any:
        """By a table of all crossings."""
        logits, places = inputs
        strides = [math.prod(self.sizes[column + 1 :]) for column in range(len(self.sizes))]
        crossing = tf.reduce_sum(places * tf.constant(strides, tf.int32), axis=1)
        return logits + tf.gather(tf.constant(np.array(self.shifts, np.float32)), crossing)

    def get_config(self) -> dict[str, Any]:
        """What the constructor takes."""
        return {**super().get_config(), "sizes": self.sizes, "shifts": self.shifts}


def shifted(logits: Any, sizes: Sequence[int], shifts: Sequence[Sequence[float]]) -> Any:
    """A model of logits as one that takes `groups` (b, k) too, and gives probabilities of the shifted logits."""
    groups = tf.keras.Input((len(sizes),), dtype=tf.int32, name=GROUPS)
    inputs = {tensor.name: tensor for tensor in logits.inputs} | {GROUPS: groups}
    moved = GroupShift(sizes, shifts, name="group_shift")((logits.output, groups))
    return tf.keras.Model(inputs, tf.keras.layers.Softmax(name=OUTPUT)(moved))
