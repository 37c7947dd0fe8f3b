"""Which units a network has: neurons, filters and attention heads, each with all the weights that make and take it.

They are found by what flows where, and not by names. A unit can go where what it gives flows, channel by channel,
into layers that weigh it: dense layers and convolutions. Where it ends in an output, a sum or a norm over all
channels, its place is fixed, and it is no unit.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from tasks.compress.wiring import Wiring, inputs_of, outputs_of
from tasks.model.dropout import SeededDropout
from tasks.model.layers import SelfAttention
from tasks.model.network import Network

OTHER = -1
"""In place of a unit's number: the channel is none of these."""
_keras = tf.keras.layers
_DROPOUTS = (SeededDropout, _keras.Dropout, _keras.SpatialDropout1D, _keras.SpatialDropout2D)
_BY_CHANNEL = (
    *_DROPOUTS,
    *(_keras.ReLU, _keras.LeakyReLU, _keras.ELU),
    *(_keras.MaxPooling1D, _keras.MaxPooling2D, _keras.AveragePooling1D, _keras.AveragePooling2D),
    *(_keras.GlobalMaxPooling1D, _keras.GlobalMaxPooling2D),
    *(_keras.GlobalAveragePooling1D, _keras.GlobalAveragePooling2D),
    *(_keras.ZeroPadding1D, _keras.ZeroPadding2D, _keras.Cropping2D, _keras.UpSampling2D),
)
_WEIGHING = (_keras.Dense, _keras.Conv1D, _keras.Conv2D)
"""Kernels of these are (..., inputs, outputs)."""

Places = NDArray[np.int64]


@dataclass(frozen=True)
class Channels:
    """A layer, and for each channel of its input the unit that it is of, or `OTHER`."""

    layer: Any
    units: Places


@dataclass(frozen=True)
class Units:
    """The units that one layer makes.

    Attributes:
        columns: of each output of `maker` the unit that it is for.
        between: layers that have to know how many there are: norms of single channels, and attention.
        takers: dense layers and convolutions that weigh them.
    """

    count: int
    maker: Any
    columns: Places
    between: tuple[Channels, ...]
    takers: tuple[Channels, ...]


def neurons(network: Network) -> list[Units]:
    """The neurons of dense layers and the filters of convolutions, layer by layer.

    Two dense layers with nothing but dropout between them are the factors of one matrix: that is no layer of neurons.
    """
    wiring = Wiring(network)
    found = []
    for layer in wiring.layers:
        if type(layer) not in _WEIGHING or not _is_plain(layer) or _mixes(layer):
            continue
        columns = np.arange(layer.get_weights()[0].shape[-1])
        flow = _Flow(wiring)
        tensors = [tensor for node in wiring.calls(layer) for tensor in outputs_of(node)]
        if flow.ends_well(tensors, columns) and (flow.is_bent or layer.activation is not _keras_linear()):
            found.append(Units(len(columns), layer, columns, flow.between, flow.takers))
    return found


def heads(network: Network) -> list[Units]:
    """The heads of each attention layer: a head's queries, keys and values are made by a dense layer before it."""
    wiring = Wiring(network)
    found = []
    for attention in wiring.layers:
        maker = _projection(wiring, attention) if isinstance(attention, SelfAttention) else None
        if maker is None:
            continue
        width = maker.get_weights()[0].shape[-1] // (3 * attention.heads)
        columns = np.repeat(np.arange(attention.heads), width)
        flow = _Flow(wiring)
        if flow.ends_well([tensor for node in wiring.calls(attention) for tensor in outputs_of(node)], columns):
            between = (Channels(attention, columns), *flow.between)
            found.append(Units(attention.heads, maker, np.tile(columns, 3), between, flow.takers))
    return found


class _Flow:
    """Where the units of one layer go."""

    def __init__(self, wiring: Wiring) -> None:
        self.wiring = wiring
        self.is_bent = False
        self._between: dict[int, Channels] = {}
        self._takers: dict[int, Channels] = {}
        self._met: dict[int, Any] = {}

    @property
    def between(self) -> tuple[Channels, ...]:
        """Norms on the way."""
        return tuple(self._between.values())

    @property
    def takers(self) -> tuple[Channels, ...]:
        """Layers that weigh them."""
        return tuple(self._takers.values())

    def ends_well(self, tensors: list[Any], units: Places) -> bool:
        """Whether all ways end in layers that weigh the units, and take from nobody else elsewhere."""
        if not all(self._follow(tensor, units) for tensor in tensors):
            return False
        noted = [channels.layer for channels in (*self.between, *self.takers)]
        return bool(self._takers) and all(id(node) in self._met for layer in noted for node in self.wiring.calls(layer))

    def _follow(self, tensor: Any, units: Places) -> bool:
        if self.wiring.is_end(tensor):
            return False
        return all(self._meet(node, tensor, units) for node in self.wiring.takers(tensor))

    def _meet(self, node: Any, tensor: Any, units: Places) -> bool:
        """Note a layer that the units flow into, and go on behind it; False where they can't be told apart there."""
        if id(node) in self._met:
            return False  # from two sides: not worth telling apart
        self._met[id(node)] = node
        layer = node.layer
        if type(layer) in _WEIGHING and _is_plain(layer):
            return _note(self._takers, layer, units)
        if isinstance(layer, _keras.BatchNormalization) and not _note(self._between, layer, units):
            return False
        onward = _behind(node, tensor, units)
        if onward is None:
            return False
        self.is_bent = self.is_bent or not isinstance(layer, (*_DROPOUTS, _keras.Flatten, _keras.Concatenate))
        return all(self._follow(output, onward) for output in outputs_of(node))


def _note(noted: dict[int, Channels], layer: Any, units: Places) -> bool:
    """False if the layer was met before with other channels."""
    known = noted.setdefault(id(layer), Channels(layer, units))
    return np.array_equal(known.units, units)


def _behind(node: Any, tensor: Any, units: Places) -> Places | None:
    """The unit of each channel that a node gives; None where it mixes channels, or is not known not to."""
    layer, sides = node.layer, tuple(tensor.shape[1:-1])
    if not _is_plain(layer):
        return None
    if isinstance(layer, _keras.Flatten):
        return None if None in sides else np.tile(units, int(np.prod(sides)))
    if isinstance(layer, _keras.Concatenate) and layer.axis in (-1, len(tensor.shape) - 1):
        parts = [units if each is tensor else np.full(each.shape[-1], OTHER) for each in inputs_of(node)]
        joined: Places = np.concatenate(parts)
        return joined
    if isinstance(layer, _keras.BatchNormalization):
        return units if list(layer.axis) == [len(tensor.shape) - 1] else None
    by_channel = isinstance(layer, _BY_CHANNEL) or (isinstance(layer, _keras.Activation) and not _mixes(layer))
    return units if by_channel else None


def _projection(wiring: Wiring, attention: Any) -> Any:
    """The dense layer whose output goes into attention alone; None if there is none."""
    projected = [inputs_of(node)[0] for node in wiring.calls(attention)]
    makers = [tensor.node.layer for tensor in projected]
    is_alone = all(node.layer is attention for tensor in projected for node in wiring.takers(tensor))
    same = all(maker is makers[0] for maker in makers) and len(wiring.calls(makers[0])) == len(projected)
    return makers[0] if type(makers[0]) is _keras.Dense and is_alone and same else None


def _is_plain(layer: Any) -> bool:
    """Whether every output of a convolution sees every input, and channels come last."""
    return getattr(layer, "groups", 1) == 1 and getattr(layer, "data_format", "channels_last") == "channels_last"


def _mixes(layer: Any) -> bool:
    """Whether an activation is one over all channels."""
    return layer.activation in (tf.keras.activations.softmax, tf.nn.softmax, tf.nn.log_softmax)


def _keras_linear() -> Any:
    return tf.keras.activations.linear
