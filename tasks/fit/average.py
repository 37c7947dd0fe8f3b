"""Averages of a model's weights over a training, which do better on new rows than the last weights."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from tasks.fit.config import OptimizerOptions


class WeightAverage:
    """An average beside each weight that learns: a moving one over steps, or the mean over the last epochs' ends.

    The moving one begins fast, min(decay, (1 + steps) / (10 + steps)), as TensorFlow's ExponentialMovingAverage does,
    so that the first weights do not linger in a short training. The mean is that of stochastic weight averaging
    (Izmailov et al. 2018). Must be made within the scope of the strategy that the weights were made in.

    Attributes:
        variables: the averages; none where the options want none.
        count: how often weights were taken in.
    """

    def __init__(self, weights: Sequence[Any], options: OptimizerOptions) -> None:
        self.weights, self.decay, self.epochs = tuple(weights), options.average_decay, options.average_epochs
        self.variables: list[Any] = []
        if self.decay or self.epochs:
            self.variables = [tf.Variable(weight, trainable=False, name="average") for weight in self.weights]
        self.count = tf.Variable(0, trainable=False, dtype=tf.int64, name="averaged")
        self._strategy = tf.distribute.get_strategy()
        self._take_in = tf.function(self._move)

    def after_step(self) -> None:
        """Take the weights in after a step, if the average is a moving one."""
        if self.decay:
            done = int(self.count.numpy())
            self._take_in(tf.constant(1.0 - min(self.decay, (1.0 + done) / (10.0 + done)), tf.float32))

    def after_epoch(self, epochs_left: int) -> None:
        """Take the weights in after an epoch, if the average is over the last ones and this is one of them."""
        if self.epochs and epochs_left < self.epochs:
            self._take_in(tf.constant(1.0 / (1.0 + float(self.count.numpy())), tf.float32))

    @contextmanager
    def swapped(self) -> Iterator[None]:
        """In the block the model has the averages for its weights, if there are any yet."""
        own = values(self.weights)
        self.put()
        try:
            yield
        finally:
            for weight, value in zip(self.weights, own, strict=True):
                weight.assign(value)

    def put(self) -> None:
        """Give the model the averages for good, if there are any yet."""
        if self.count.numpy():
            for weight, average in zip(self.weights, values(self.variables), strict=True):
                weight.assign(average)

    def _move(self, share: Any) -> None:
        for average, weight in zip(self.variables, self.weights, strict=True):
            self._strategy.extended.update(average, self._towards, args=(weight, share), group=False)
        self.count.assign_add(1)

    @staticmethod
    def _towards(average: Any, weight: Any, share: Any) -> None:
        average.assign_add(tf.cast(share, average.dtype) * (weight - average))


def values(variables: Sequence[Any]) -> list[NDArray[np.generic]]:
    """Copies of what the variables hold, which do not change when they do."""
    return [np.array(variable.numpy()) for variable in variables]
