"""Units taken out of a network: all rows and columns of weights that are theirs, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tasks.compress.surgery import Replacement, rebuilt
from tasks.compress.units import OTHER, Channels, Units
from tasks.model.layers import SelfAttention
from tasks.model.network import Network

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Removal:
    """Units of a layer, and which of them are `gone` (count,)."""

    units: Units
    gone: Mask


def without(network: Network, removals: Sequence[Removal]) -> Network:
    """A network that gives what the given one would if the units that are gone gave zero to all that take them."""
    inputs, outputs, attention = dict[int, Mask](), dict[int, Mask](), dict[int, int]()
    for removal in removals:
        units, left = removal.units, ~removal.gone
        outputs[id(units.maker)] = left[units.columns]
        for channels in (*units.between, *units.takers):
            kept = _left(channels, left)
            inputs[id(channels.layer)] = inputs.get(id(channels.layer), True) & kept
            if isinstance(channels.layer, SelfAttention):
                attention[id(channels.layer)] = int(left.sum())

    def change(layer: Any) -> Replacement | None:
        if id(layer) in attention:
            return Replacement([_like(layer, heads=attention[id(layer)])])
        kept, made = inputs.get(id(layer)), outputs.get(id(layer))
        if kept is None and made is None:
            return None
        return _narrowed(layer, kept, made)

    return rebuilt(network, change)


def _left(channels: Channels, left: Mask) -> Mask:
    """Which channels stay, of those that are a unit's and those that are not."""
    return np.where(channels.units == OTHER, True, left[channels.units])


def _narrowed(layer: Any, inputs: Mask | None, outputs: Mask | None) -> Replacement:
    weights = layer.get_weights()
    if not hasattr(layer, "kernel"):  # a norm: all its weights are a channel each
        return Replacement([_like(layer)], [[weight[inputs] for weight in weights]])
    if inputs is not None:
        weights = [weights[0][..., inputs, :], *weights[1:]]
    if outputs is not None:
        weights = [weight[..., outputs] for weight in weights]
    width = "filters" if hasattr(layer, "filters") else "units"
    return Replacement([_like(layer, **{width: weights[0].shape[-1]})], [weights])


def _like(layer: Any, **changes: int) -> Any:
    """A new layer of the same configuration but for the changes."""
    made = type(layer).from_config({**layer.get_config(), **changes})
    made.trainable = layer.trainable
    return made
