"""Integrated gradients (Sundararajan, Taly and Yan 2017) of a SavedModel, from its numbers and embeddings on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tasks.evaluate.explain.game import Attribution, Values
from tasks.runtime.arrays import Arrays

Vectors = list[NDArray[np.float32]]
"""What a network computes with: its inputs that are numbers, then what it looks up, each (b, ...)."""
_FEWEST_STEPS, _MOST_STEPS = 32, 4096
_AT_ONCE, _ALTOGETHER = 1 << 20, 1 << 23  # numbers of vectors on the way; what bounds memory, and time
TOLERANCE = 0.005


class Differentiable:
    """A network cut where its look-ups end: behind the cut its output has gradients.

    The graph is found in the SavedModel alone, so no builder is needed, and any trained package will do.
    """

    def __init__(self, folder: Path) -> None:
        import tensorflow as tf
        from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

        owner = tf.saved_model.load(str(folder))  # keeps its variables alive while they become constants
        signature = owner.signatures["serving_default"]
        self._names = sorted(signature.structured_outputs)  # the order in which TensorFlow lays out a mapping
        self._frozen: Any = convert_variables_to_constants_v2(signature)
        self._inputs = {tensor.op.name: tensor for tensor in self._frozen.inputs}

    @cached_property
    def _lookups(self) -> list[Any]:
        """Operations that take rows out of a table of numbers by an input's integers."""
        operations = self._frozen.graph.get_operations()
        return [each for each in operations if each.type == "GatherV2" and each.inputs[0].dtype.is_floating]

    @cached_property
    def _numbers(self) -> list[Any]:
        return [tensor for tensor in self._inputs.values() if tensor.dtype.is_floating]

    @cached_property
    def _look(self) -> Callable[..., list[Any]]:
        """Inputs to vectors."""
        fetched = [*self._numbers, *(each.outputs[0] for each in self._lookups)]
        look: Callable[..., list[Any]] = self._frozen.prune(list(self._inputs.values()), fetched)
        return look

    @cached_property
    def _rest(self) -> Callable[..., list[Any]]:
        """Inputs without numbers, and vectors, to outputs."""
        others = [tensor for tensor in self._inputs.values() if not tensor.dtype.is_floating]
        vectors = [*self._numbers, *(each.outputs[0] for each in self._lookups)]
        rest: Callable[..., list[Any]] = self._frozen.prune([*others, *vectors], self._frozen.outputs)
        return rest

    def look_up(self, arrays: Arrays) -> Vectors:
        """The vectors of rows."""
        return [tensor.numpy() for tensor in self._look(*self._fed(arrays, numbers=True))]

    def integers(self, arrays: Arrays) -> list[NDArray[np.int64]]:
        """Which row of its table each look-up would take for rows."""
        where = self._frozen.prune(list(self._inputs.values()), [each.inputs[1] for each in self._lookups])
        return [tensor.numpy().astype(np.int64) for tensor in where(*self._fed(arrays, numbers=True))]

    @property
    def has_numbers(self) -> bool:
        """Whether some inputs are numbers."""
        return bool(self._numbers)

    def slopes(
        self, arrays: Arrays, vectors: Vectors, read: Callable[[Mapping[str, Any]], Any]
    ) -> tuple[Values, Vectors]:
        """What `read` makes of the outputs of each row, and its gradients by the vectors."""
        import tensorflow as tf

        tensors = [tf.constant(vector) for vector in vectors]
        with tf.GradientTape() as tape:
            tape.watch(tensors)
            outputs = self._rest(*self._fed(arrays, numbers=False), *tensors)
            told = read(dict(zip(self._names, outputs, strict=True)))
        gradients = tape.gradient(told, tensors, unconnected_gradients=tf.UnconnectedGradients.ZERO)
        return told.numpy().astype(np.float64), [tf.convert_to_tensor(gradient).numpy() for gradient in gradients]

    def _fed(self, arrays: Arrays, numbers: bool) -> list[Any]:
        import tensorflow as tf

        inputs = self._inputs.items()
        return [tf.constant(arrays[name]) for name, tensor in inputs if numbers or not tensor.dtype.is_floating]


def integrated_gradients(
    network: Differentiable,
    arrays: Arrays,
    vectors: Vectors,
    baseline: Vectors,
    read: Callable[[Mapping[str, Any]], Any],
) -> tuple[float, float, Vectors]:
    """Output at the baseline, output at the row, and what every number of the row's vectors adds to the difference.

    The path from baseline to row is straight; its integral is taken by the midpoint rule in 32 steps, and in twice as
    many until the sum of all attributions is the difference of the outputs to within TOLERANCE of it (the axiom of
    completeness), or there would be too many steps: 4096, and of long texts fewer. What the sum is short of then shows.

    Args:
        arrays: one row.
        vectors, baseline: as `Differentiable.look_up` gives them, one row each.
    """
    ends = [np.concatenate(pair) for pair in zip(baseline, vectors, strict=True)]
    (low, high), _ = network.slopes(_repeated(arrays, 2), ends, read)
    steps, size = _FEWEST_STEPS, sum(vector.size for vector in vectors)
    while True:
        added = _along(network, arrays, vectors, baseline, read, steps)
        missing = abs(sum(float(each.sum()) for each in added) - (high - low))
        if 2 * steps > min(_MOST_STEPS, _ALTOGETHER // size) or missing <= TOLERANCE * max(abs(high - low), TOLERANCE):
            return float(low), float(high), added
        steps *= 2


def _along(
    network: Differentiable,
    arrays: Arrays,
    vectors: Vectors,
    baseline: Vectors,
    read: Callable[[Mapping[str, Any]], Any],
    steps: int,
) -> Vectors:
    """Mean gradients at the middles of the steps, times the way."""
    sums = [np.zeros(vector.shape, np.float64) for vector in vectors]
    batch = max(1, _AT_ONCE // sum(vector.size for vector in vectors))
    for start in range(0, steps, batch):
        shares = (np.arange(start, min(start + batch, steps)) + 0.5) / steps
        points = [
            (low + shares.reshape(-1, *[1] * (low.ndim - 1)) * (high - low)).astype(np.float32)
            for low, high in zip(baseline, vectors, strict=True)
        ]
        _, gradients = network.slopes(_repeated(arrays, len(shares)), points, read)
        sums = [total + gradient.sum(axis=0, keepdims=True) for total, gradient in zip(sums, gradients, strict=True)]
    return [total / steps * (high - low) for total, low, high in zip(sums, baseline, vectors, strict=True)]


def _repeated(arrays: Arrays, count: int) -> Arrays:
    return {name: np.repeat(array, count, axis=0) for name, array in arrays.items()}


def summed(added: Vectors, owners: list[NDArray[np.int64]], parts: int, base: float) -> Attribution:
    """What the numbers of one row's vectors add, as what its parts add.

    Args:
        owners: of each number of each vector the part it belongs to; -1: of none.
    """
    weights = np.zeros(parts)
    for values, own in zip(added, owners, strict=True):
        flat, places = values.reshape(-1), np.broadcast_to(own, values.shape).reshape(-1)
        np.add.at(weights, places[places >= 0], flat[places >= 0])
    return Attribution(base, weights)
