"""An encoder of fewer layers: some of its own, evenly spaced (Sanh et al. 2019 begin DistilBERT with every other).

Layers that stay keep their names, `layer5_...` also where it is the third: so each can be compared with the layer of
its parent that it was, and a learning rate by depth still falls from the top layer down.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from infra.errors import RecipeError
from tasks.compress.config import LayerOptions
from tasks.compress.subject import Subject
from tasks.compress.surgery import Replacement, rebuilt
from tasks.compress.wiring import Wiring, inputs_of
from tasks.model.layers import LayerNorm

_LAYER = re.compile(r"layer(\d+)_")


def drop_layers(subject: Subject, options: LayerOptions) -> Subject:
    """The subject with `options.keep` layers of its encoder, the lowest and the highest among them; of one the lowest.

    Raises:
        RecipeError: it has no encoder, or not more layers than that.
    """
    wiring = Wiring(subject.network)
    numbers = encoder_layers(wiring.layers)
    if options.keep >= len(numbers):
        raise RecipeError(
            "compress.layers.keep" if numbers else "compress.steps: drop_layers",
            found=f"{options.keep}" if numbers else f"a model of {subject.manifest.task} without an encoder",
            allowed=f"fewer than the encoder's {len(numbers)} layers" if numbers else "a text model",
            action="Lower it, or leave the step out." if numbers else "Leave the step out.",
        )
    kept = {numbers[place] for place in evenly(len(numbers), options.keep)}
    passed = _layers_of(wiring, [number for number in numbers if number not in kept])
    network = rebuilt(subject.network, lambda layer: Replacement() if id(layer) in passed else None)
    return subject.changed(network)


def encoder_layers(layers: Sequence[Any]) -> list[int]:
    """The numbers of an encoder's layers, from the lowest up, by the names of the Keras layers in them."""
    return sorted({int(found[1]) for layer in layers if (found := _LAYER.match(layer.name))})


def evenly(count: int, keep: int) -> list[int]:
    """`keep` of the places from 0 to `count` - 1, the first and the last among them."""
    return [int(place) for place in np.linspace(0, count - 1, keep).round()]


def _layers_of(wiring: Wiring, numbers: Sequence[int]) -> set[int]:
    """By their id the Keras layers of some of the encoder's layers, and the sums before their norms.

    Where all of these let through what comes first into them, the layer's input comes out of it.
    """
    prefixes = tuple(f"layer{number}_" for number in numbers)
    own = [layer for layer in wiring.layers if layer.name.startswith(prefixes)]
    norms = [node for layer in own if isinstance(layer, LayerNorm) for node in wiring.calls(layer)]
    before = [inputs_of(node)[0].node.layer for node in norms]
    return {id(layer) for layer in (*own, *(one for one in before if isinstance(one, tf.keras.layers.Add)))}
