"""Dropout whose masks are a function of a seed, so that a training that was resumed equals one that was not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import tensorflow as tf

_SALTS = 4096  # more than the layers of any model here
_seed: ContextVar[Any] = ContextVar("dropout_seed", default=None)


@contextmanager
def dropout_seed(seed: Any) -> Iterator[None]:
    """In the block, models called with `training=True` draw their masks from `seed`: two int32, a worker and a step."""
    token = _seed.set(seed)
    try:
        yield
    finally:
        _seed.reset(token)


class SeededDropout(tf.keras.layers.Layer):  # type: ignore[misc]
    """Sets a share `rate` of its input to zero and scales up the rest.

    Args:
        salt: an integer of its own for every layer of a model, so that no two draw the same mask.
    """

    def __init__(self, rate: float, salt: int, **options: Any) -> None:
        super().__init__(**options)
        self.rate, self.salt = rate, salt

    def call(self, inputs: Any, training: bool = False) -> Any:
        """The input as it is, unless `training`."""
        if not training or self.rate == 0.0:
            return inputs
        seed = _seed.get()
        if seed is None:
            raise RuntimeError("a model with dropout was called with training=True outside of dropout_seed")
        own = tf.stack([seed[0], seed[1] * _SALTS + self.salt])
        return tf.nn.experimental.stateless_dropout(inputs, self.rate, own, rng_alg="philox")

    def get_config(self) -> dict[str, Any]:
        """What the constructor takes."""
        return {**super().get_config(), "rate": self.rate, "salt": self.salt}
