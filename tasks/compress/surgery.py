"""A network with some layers changed: the same graph, drawn anew with layers of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import tensorflow as tf

from tasks.model.network import Network


@dataclass(frozen=True)
class Replacement:
    """What stands in a layer's place.

    Attributes:
        layers: applied one after another; none: what goes into the layer comes out of it (of several inputs the first).
        weights: of each layer, in the order of its own `weights`; none: as initialised.
        takes: for a call of the old layer, tensors of the old graph that the first of the layers takes as a list there
            in place of the old layer's own; none: it takes what the old one took.
    """

    layers: Sequence[Any] = ()
    weights: Sequence[Sequence[Any]] = ()
    takes: Callable[[Any], Sequence[Any]] | None = None


Change = Callable[[Any], Replacement | None]
"""A layer to what stands in its place; None: a copy of it."""


def rebuilt(network: Network, change: Change = lambda _: None) -> Network:
    """The network with changed layers. The given one stays as it is, and no weights are shared with it.

    Raises:
        ValueError: layers that are next to each other do not fit.
    """
    surgery = _Surgery(change)
    trained, exported = surgery.model(network.trained), surgery.model(network.exported)
    surgery.put_weights()
    head = [new for old in network.head for new in surgery.successors(old)]
    return replace(network, trained=trained, exported=exported, head=tuple(head))


class _Surgery:
    """Layers that stand in several models, or several times in one, are changed once."""

    def __init__(self, change: Change) -> None:
        self.change = change
        self._made: dict[int, tuple[Any, Replacement]] = {}  # by the layer's id, which is kept beside it
        self._models: dict[int, Any] = {}
        self._tensors: dict[int, Any] = {}  # inputs of the outermost models, which these share

    def model(self, old: Any) -> Any:
        """A functional model drawn anew."""
        if id(old) not in self._models:
            inputs = {id(tensor): self._input(tensor) for tensor in old.inputs}
            outputs = self._drawn(old, dict(inputs))
            shaped = tf.nest.map_structure(lambda tensor: inputs[id(tensor)], old.input)
            self._models[id(old)] = tf.keras.Model(shaped, outputs, name=old.name)
        return self._models[id(old)]

    def put_weights(self) -> None:
        """Give all new layers their weights, once they have been built."""
        for old, made in self._made.values():
            values = made.weights or ([old.get_weights()] if len(made.layers) == 1 and _is_copy(old, made) else [])
            for layer, own in zip(made.layers, values, strict=False):
                layer.set_weights(list(own))

    def successors(self, weight: Any) -> list[Any]:
        """The weights of what stands in the place of the layer that has `weight`, of its name."""
        for old, made in self._made.values():
            for place, own in enumerate(old.weights):
                if own is weight:
                    learning = [layer for layer in made.layers if layer.trainable_weights]
                    return [learning[-1].weights[place]] if learning else []
        return []

    def _input(self, tensor: Any) -> Any:
        if id(tensor) not in self._tensors:
            self._tensors[id(tensor)] = tf.keras.Input(
                tuple(tensor.shape[1:]), dtype=tensor.dtype, name=tensor.node.layer.name
            )
        return self._tensors[id(tensor)]

    def _drawn(self, old: Any, known: dict[int, Any]) -> Any:
        """The outputs of `old` on the new tensors that are `known` by the id of the old ones."""

        def new(tensor: Any) -> Any:
            if id(tensor) not in known:
                node = tensor.node
                outputs = self._applied(node, new)
                for one, other in zip(tf.nest.flatten(node.outputs), tf.nest.flatten(outputs), strict=True):
                    known[id(one)] = other
            return known[id(tensor)]

        return tf.nest.map_structure(new, old.output)

    def _applied(self, node: Any, new: Callable[[Any], Any]) -> Any:
        if isinstance(node.layer, tf.keras.Model):
            made = Replacement([self.model(node.layer)])
        else:
            made = self._replacement(node.layer)
        if not made.layers:
            return new(tf.nest.flatten(node.keras_inputs)[0])
        taken = ([list(made.takes(node))], {}) if made.takes else (node.call_args, node.call_kwargs)
        args, kwargs = tf.nest.map_structure(
            lambda value: new(value) if hasattr(value, "_keras_history") else value, taken
        )
        outputs = made.layers[0](*args, **kwargs)
        for layer in made.layers[1:]:
            outputs = layer(outputs)
        return outputs

    def _replacement(self, old: Any) -> Replacement:
        if id(old) not in self._made:
            made = self.change(old)
            if made is None:
                layer = type(old).from_config(old.get_config())
                layer.trainable = old.trainable
                made = Replacement([layer])
            self._made[id(old)] = old, made
        return self._made[id(old)][1]


def _is_copy(old: Any, made: Replacement) -> bool:
    (layer,) = made.layers
    return type(layer) is type(old) and [w.shape for w in layer.weights] == [w.shape for w in old.weights]
