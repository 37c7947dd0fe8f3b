"""What units are worth: how much a network loses without them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from tasks.compress.config import UnitOptions
from tasks.compress.probes import probed, sampled
from tasks.compress.subject import Subject
from tasks.compress.units import Channels, Units
from tasks.fit.step import tensors_of

Worth = NDArray[np.float64]
"""One number a unit (count,), from 0."""


def worth(subject: Subject, layers: Sequence[Units], options: UnitOptions) -> list[Worth]:
    """The worth of the units of each layer, by which they compare with each other and with no other layer's."""
    match options.score:
        case "taylor":
            return change_of_loss(subject, layers, options.rows)
        case "l1":
            return [_of_weights(units, np.abs) for units in layers]
        case "l2":
            return [np.sqrt(_of_weights(units, np.square)) for units in layers]


def change_of_loss(subject: Subject, layers: Sequence[Units], rows: int) -> list[Worth]:
    """By how much the loss of a row changes without a unit, to first order, in the mean over `rows` train rows.

    With a gate of 1 on what a unit gives, it is the absolute slope of the row's loss by that gate (Michel, Levy and
    Neubig 2019 for heads; Molchanov et al. 2017 for filters, with the sum over places before the absolute value).
    """
    gates = {id(taker.layer): _Gates() for units in layers for taker in units.takers}
    network = probed(subject.network, gates)
    totals, seen = [np.zeros(units.count) for units in layers], 0
    for part in sampled(subject, rows):
        inputs, targets, weights, total, _ = tensors_of(part, 0)
        with tf.GradientTape() as tape:
            for gate in gates.values():
                gate.begin(tape)
            outputs = network.trained(inputs, training=False)
            loss = subject.material.lesson.loss(outputs, targets, weights, total) * total
        slopes = dict(zip(gates, tape.gradient(loss, [gate.ones for gate in gates.values()]), strict=True))
        seen += len(part.rows)
        totals = [sums + _of_rows(units, slopes) for sums, units in zip(totals, layers, strict=True)]
    return [sums / seen for sums in totals]


class _Gates:
    """Multiplies each channel of each row by a one of its own, in every call of a layer."""

    def __init__(self) -> None:
        self.ones: list[Any] = []
        self.tape: Any = None

    def begin(self, tape: Any) -> None:
        """Forget what was, and let `tape` watch what comes."""
        self.ones, self.tape = [], tape

    def __call__(self, inputs: Any) -> Any:
        """(b, ..., channels) as they are."""
        ones = tf.ones((inputs.shape[0], *(1 for _ in inputs.shape[2:]), inputs.shape[-1]), inputs.dtype)
        self.tape.watch(ones)
        self.ones.append(ones)
        return inputs * ones


def _of_rows(units: Units, slopes: dict[int, list[Any]]) -> Worth:
    """The sum over rows of a unit's absolute slope, over all that take it."""
    sums = np.zeros(units.count)
    by_call = [[_of_units(taker, slope, units.count) for slope in slopes[id(taker.layer)]] for taker in units.takers]
    for takers in zip(*by_call, strict=True):
        sums += np.abs(np.sum(takers, axis=0)).sum(axis=0)
    return sums


def _of_units(taker: Channels, slope: Any, count: int) -> NDArray[np.float64]:
    """Slopes of channels (b, ..., channels) to those of units (b, count)."""
    flat = slope.numpy().reshape(len(slope), -1).astype(np.float64)
    result: NDArray[np.float64] = flat @ (taker.units[:, None] == np.arange(count)).astype(np.float64)
    return result


def _of_weights(units: Units, size: Any) -> Worth:
    """The sum of sizes of the weights that make each unit, biases among them (Li et al. 2017 for filters)."""
    weights = units.maker.get_weights()
    columns = sum(size(weight).reshape(-1, weight.shape[-1]).sum(axis=0) for weight in weights)
    return np.bincount(units.columns, columns, units.count).astype(np.float64)
