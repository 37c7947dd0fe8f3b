"""The learning rate over time: it rises from near 0 to its peak, then falls or stays."""

from __future__ import annotations

import math
from typing import Any, Literal

import tensorflow as tf

Shape = Literal["linear", "cosine", "constant"]


class WarmupSchedule(tf.keras.optimizers.schedules.LearningRateSchedule):  # type: ignore[misc]
    """Linear warm-up, then a fall to 0 at the end: straight, along half a cosine (Loshchilov and Hutter 2017), or none.

    Args:
        warmup_steps: the step with this number, counted from 1, is the first at the peak.
    """

    def __init__(self, peak: float, warmup_steps: int, total_steps: int, shape: Shape = "linear") -> None:
        self.peak, self.warmup_steps, self.total_steps, self.shape = peak, warmup_steps, total_steps, shape

    def __call__(self, step: Any) -> Any:
        """The rate of `step`, counted from 0."""
        done, first = tf.cast(step, tf.float32) + 1.0, max(1, self.warmup_steps)
        rising = done / first
        left = tf.clip_by_value((self.total_steps + 1.0 - done) / (self.total_steps + 1.0 - first), 0.0, 1.0)
        falling = {"linear": left, "cosine": (1.0 - tf.cos(math.pi * left)) / 2, "constant": tf.ones_like(left)}
        return self.peak * tf.clip_by_value(tf.minimum(rising, falling[self.shape]), 0.0, 1.0)

    def get_config(self) -> dict[str, Any]:
        """What the constructor takes."""
        sizes = {"warmup_steps": self.warmup_steps, "total_steps": self.total_steps}
        return {"peak": self.peak, **sizes, "shape": self.shape}
