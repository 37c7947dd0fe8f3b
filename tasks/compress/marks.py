"""What a training must leave as it is of a network that was pruned, or whose weights share values."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from tasks.compress.matrices import Matrix, matrices
from tasks.model.network import Network

Constraint = Callable[[], None]
"""Puts weights back to what a method promised of them; called after each step of a training."""
Values = NDArray[np.float32]


def marks(network: Network, compression: Sequence[str]) -> list[Constraint]:
    """What holds the zeros and the shared values that the methods of `compression` left in the network's weights.

    Rounding needs none: layers that round are part of the network's graph.
    """
    found: list[Constraint] = []
    if {"prune", "prune_2_of_4"} & set(compression):
        found.append(Zeros(matrices(network)))
    if "cluster" in compression:
        found.append(SharedValues(matrices(network)))
    return found


class Zeros:
    """Holds the zeros that matrices have when it is made, or later by `choose`."""

    def __init__(self, of: Sequence[Matrix]) -> None:
        self.matrices = of
        self._kept: list[Any] = []
        self.choose(lambda values: values != 0)

    def choose(self, kept: Callable[[Values], NDArray[np.bool_]]) -> None:
        """Take the weights to be zero for which `kept` has False, and make them so."""
        self._kept = [tf.constant(kept(matrix.variable.numpy())) for matrix in self.matrices]
        self()

    def __call__(self) -> None:
        """Make zero what is to be."""
        for matrix, kept in zip(self.matrices, self._kept, strict=True):
            matrix.variable.assign(tf.where(kept, matrix.variable, 0.0))


class SharedValues:
    """Lets weights of a matrix that are equal when it is made move together, by the mean of their moves; zeros stay.

    Gradients of Han, Mao and Dally 2016 are summed over those that share a value. A mean differs from that by a factor,
    which an optimiser that scales by the gradient's own size would undo.
    """

    def __init__(self, of: Sequence[Matrix]) -> None:
        self._groups = [_Groups(matrix.variable) for matrix in of]

    def __call__(self) -> None:
        """Make equal again what was."""
        for groups in self._groups:
            groups.meet()


class _Groups:
    """The places of a matrix by the value that they share."""

    def __init__(self, variable: Any) -> None:
        values, places, counts = np.unique(variable.numpy(), return_inverse=True, return_counts=True)
        self.variable, self.shape = variable, variable.shape
        self.values, self.moves = tf.constant(values), tf.constant(values != 0)
        self.places = tf.constant(places.reshape(-1).astype(np.int32))
        self.counts = tf.constant(counts.astype(np.float32))

    def meet(self) -> None:
        """Each value moves by the mean of what its places have moved.

        Moves are summed, not values: a float32 sum of a million weights is wrong by more than a step of training.
        """
        moved = tf.reshape(self.variable, [-1]) - tf.gather(self.values, self.places)
        means = tf.math.unsorted_segment_sum(moved, self.places, len(self.values)) / self.counts
        self.values = tf.where(self.moves, self.values + means, 0.0)
        self.variable.assign(tf.reshape(tf.gather(self.values, self.places), self.shape))
