"""What the benchmark of private training trains: a table's network and a small convolution model, on made-up rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from tasks.fit.batches import Arrays, Examples

if TYPE_CHECKING:
    from tasks.features.tabular import TabularFeatures
    from tasks.model.network import Network

PEOPLE, IMAGES = 32_561, 20_000  # rows of UCI Adult's train split; enough images for a rate that is small
_VALUES = (8, 16, 7, 14, 6, 5, 2, 41)  # of Adult's columns of categories
_NUMBERS, _LEVELS = 5, 10  # its columns of numbers; different values in each, which decide how many bins there are
_HIDDEN = (128, 64)
_SHAPE, _CLASSES = (28, 28, 1), 10


@dataclass(frozen=True)
class Subject:
    """A network, and rows to train it on.

    Attributes:
        build: makes it, each time with the same weights.
    """

    name: str
    build: Callable[[], Network]
    inputs: Arrays
    targets: NDArray[np.int32]

    @property
    def examples(self) -> Examples:
        """The rows as a trainer takes them."""
        return Examples(lambda rows: self.targets[rows], self.some, len(self.targets))

    def some(self, rows: Any) -> Arrays:
        """Inputs of chosen rows."""
        return {name: array[rows] for name, array in self.inputs.items()}


def table() -> Subject:
    """The network of the recipe `income`, but for its dropout, which peers can't seed."""
    random = np.random.default_rng(0)
    numeric = random.integers(0, _LEVELS, (PEOPLE, _NUMBERS)).astype(np.float32) / _LEVELS
    categories = np.stack([random.integers(1, 1 + count, PEOPLE) for count in _VALUES], axis=1).astype(np.int32)
    targets = (numeric[:, 0] + random.normal(0, 0.3, PEOPLE) > 0.5).astype(np.int32)
    return Subject("MLP", _table_network, {"numeric": numeric, "categories": categories}, targets)


def images() -> Subject:
    """Two convolutions and two dense layers, as in the tutorial of TensorFlow Privacy."""
    random = np.random.default_rng(0)
    classes = random.integers(0, _CLASSES, IMAGES).astype(np.int32)
    pixels = random.uniform(0, 0.5, (IMAGES, *_SHAPE)).astype(np.float32)
    pixels[np.arange(IMAGES), classes, :] += 0.5  # a bright line, at a height that is the class
    return Subject("CNN", _convolutions, {"images": pixels}, classes)


def _table_network() -> Network:
    from tasks.model.tabular import build_tabular

    return build_tabular(_features(), 2, _HIDDEN, dropout=0.0, seed=0)


def _features() -> TabularFeatures:
    from tasks.features.tabular import CategoryColumn, NumericColumn, TabularFeatures

    edges = tuple(np.arange(_LEVELS) / _LEVELS)
    return TabularFeatures(
        numeric=tuple(
            NumericColumn(name=f"n{place}", logarithm=False, mean=0, deviation=1, edges=edges)
            for place in range(_NUMBERS)
        ),
        categorical=tuple(
            CategoryColumn(name=f"c{place}", type="string", values=tuple(map(str, range(count))))
            for place, count in enumerate(_VALUES)
        ),
    )


def _convolutions() -> Network:
    import tensorflow as tf

    from tasks.model.network import Network

    layers = tf.keras.layers
    initializers = iter([tf.keras.initializers.GlorotUniform(seed) for seed in range(4)])
    inputs = tf.keras.Input(_SHAPE, name="images")
    states = inputs
    for filters, size, padding in ((16, 8, "same"), (32, 4, "valid")):
        convolution = layers.Conv2D(
            filters, size, 2, padding=padding, activation="relu", kernel_initializer=next(initializers)
        )
        states = layers.MaxPooling2D(2, 1)(convolution(states))
    states = layers.Dense(32, activation="relu", kernel_initializer=next(initializers))(layers.Flatten()(states))
    logits = layers.Dense(_CLASSES, kernel_initializer=next(initializers))(states)
    return Network(tf.keras.Model({"images": inputs}, logits), tf.keras.Model({"images": inputs}, logits))
