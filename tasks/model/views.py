"""Several views of one row in a training step: the row is computed twice, and dropout makes the two differ."""

from __future__ import annotations

from typing import Any

import tensorflow as tf


class TwoViews(tf.keras.layers.Layer):  # type: ignore[misc]
    """A batch (b, ...) as (2b, ...) in training: all rows, then all again. Otherwise as it is."""

    def call(self, inputs: Any, training: bool = False) -> Any:
        """The batch after itself, if `training`."""
        return tf.concat([inputs, inputs], axis=0) if training else inputs
