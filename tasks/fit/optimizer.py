"""AdamW (Loshchilov and Hutter 2019) with a rate that rises, then falls, both linearly."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

UNDECAYED = ("bias", "beta", "gamma")  # pulling offsets and scales to zero does not keep a model simple


class RisingThenFalling(tf.keras.optimizers.schedules.LearningRateSchedule):  # type: ignore[misc]
    """From near 0 to `peak` in the first steps, then down to 0 at the end."""

    def __init__(self, peak: float, warmup_steps: int, total_steps: int) -> None:
        self.peak, self.warmup_steps, self.total_steps = peak, warmup_steps, total_steps

    def __call__(self, step: Any) -> Any:
        """The rate of `step`, counted from 0."""
        done = tf.cast(step, tf.float32) + 1.0
        rising = done / max(1, self.warmup_steps)
        falling = (self.total_steps + 1.0 - done) / (self.total_steps + 1.0 - max(1, self.warmup_steps))
        return self.peak * tf.clip_by_value(tf.minimum(rising, falling), 0.0, 1.0)

    def get_config(self) -> dict[str, Any]:
        """What the constructor takes."""
        return {"peak": self.peak, "warmup_steps": self.warmup_steps, "total_steps": self.total_steps}


def build_optimizer(variables: list[Any], schedule: RisingThenFalling, weight_decay: float) -> Any:
    """AdamW over `variables`, without decay of biases and of the scales and offsets of norms."""
    optimizer = tf.keras.optimizers.AdamW(schedule, weight_decay=weight_decay)
    optimizer.exclude_from_weight_decay(var_names=list(UNDECAYED))
    optimizer.build(variables)
    return optimizer
