"""Dropout whose masks are a function of a seed and of the row, wherever and with whatever other rows it is computed.

So a training that was resumed equals one that was not, and one on several workers equals one on one: an element's fate
hangs on the seed, the step, the layer, the row's place in the global batch and the element's place in the row, and
neither on the worker, nor on how far texts are padded, nor on XLA. Random numbers drawn for a tensor as a whole hang on
its shape. The numbers are those of MurmurHash3's finaliser (Appleby 2011, `fmix32`), which changes about half of all
bits of its result for a change of any bit, over a counter; it costs less than Philox.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

_SALTS = 4096  # more than the layers of any model here
_WEYL = 0x9E3779B9  # 2 ** 32 over the golden ratio: multiples of it lie evenly over all 32 bits


@dataclass(frozen=True)
class _Draw:
    seed: Any
    rows: Any


_draw: ContextVar[_Draw | None] = ContextVar("dropout_draw", default=None)


@contextmanager
def dropout_seed(seed: Any, rows: Any = None) -> Iterator[None]:
    """In the block, models called with `training=True` draw their masks from `seed`: two int32, a seed and a step.

    Args:
        seed: the same on all workers.
        rows: place in the global batch of each row of the model's input (b,); in order where there are none.
    """
    token = _draw.set(_Draw(seed, rows))
    try:
        yield
    finally:
        _draw.reset(token)


def step_numbers(salt: int, shape: Any) -> Any:
    """A uniform uint32 for each element of a tensor of `shape` (b, ...), as those of dropout are.

    Outside of `dropout_seed`, where outputs are measured, they are the same each time.
    """
    return _numbers(_draw.get() or _Draw(tf.zeros(2, tf.int32), None), salt, shape)


class SeededDropout(tf.keras.layers.Layer):  # type: ignore[misc]
    """Sets a share `rate` of its input (b, ...) to zero and scales up the rest.

    Inputs of views * b rows, all of a view after each other, have a mask of its own for every view of a row.

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
        draw = _draw.get()
        if draw is None:
            raise RuntimeError("a model with dropout was called with training=True outside of dropout_seed")
        bound = tf.constant(round(self.rate * 2**32), tf.uint32)
        kept = _numbers(draw, self.salt, tf.shape(inputs)) >= bound
        return tf.where(kept, inputs / (1.0 - self.rate), tf.zeros_like(inputs))

    def get_config(self) -> dict[str, Any]:
        """What the constructor takes."""
        return {**super().get_config(), "rate": self.rate, "salt": self.salt}


def _numbers(draw: _Draw, salt: int, shape: Any) -> Any:
    """A uniform uint32 for each element of a tensor of `shape`."""
    step = draw.seed[1] * _SALTS + salt
    key = _mixed(_spread(draw.seed[0]) ^ _mixed(_spread(step)))
    row_keys = _mixed(_spread(_places(draw.rows, shape[0])) + key)
    elements = tf.reshape(tf.range(tf.reduce_prod(shape[1:])), shape[1:])
    aside = tf.concat([shape[:1], tf.ones_like(shape[1:])], 0)
    return _mixed(tf.reshape(row_keys, aside) ^ _spread(elements)[None])


def _places(rows: Any, count: Any) -> Any:
    """A number for each of `count` rows: its place in the global batch, and its view above that."""
    if rows is None:
        return tf.range(count)
    numbers, distinct = tf.range(count), tf.size(rows)
    return tf.gather(rows, numbers % distinct) + (numbers // distinct) * 2**24  # more than the rows of any batch


def _spread(numbers: Any) -> Any:
    return tf.cast(numbers, tf.uint32) * tf.constant(_WEYL, tf.uint32)


def _mixed(bits: Any) -> Any:
    for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):
        bits = (bits ^ _shifted(bits, shift)) * tf.constant(factor, tf.uint32)
    return bits ^ _shifted(bits, 16)


def _shifted(bits: Any, places: int) -> Any:
    return tf.bitwise.right_shift(bits, tf.constant(places, tf.uint32))
