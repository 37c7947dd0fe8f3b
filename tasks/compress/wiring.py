"""Which layers of a network take what others give: the graphs of its Keras models, those within models included."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import tensorflow as tf

from tasks.model.network import Network


class Wiring:
    """The graphs of a network.

    A node is one call of a layer, as Keras has it, and a tensor what a node gives. Tensors are told apart by identity.
    """

    def __init__(self, network: Network) -> None:
        self._models: dict[int, Any] = {}  # by id, as all below; kept, so that no id is given twice
        self._nodes: dict[int, Any] = {}
        self._takers: dict[int, list[Any]] = defaultdict(list)
        self._ends: set[int] = set()
        for model in (network.trained, network.exported):
            self._walk(model)

    @property
    def layers(self) -> list[Any]:
        """Each layer once, those nearer to the inputs first."""
        return list({id(node.layer): node.layer for node in self._nodes.values()}.values())

    def calls(self, layer: Any) -> list[Any]:
        """The nodes of a layer."""
        return [node for node in self._nodes.values() if node.layer is layer]

    def takers(self, tensor: Any) -> list[Any]:
        """The nodes that a tensor flows into, each once."""
        return self._takers[id(tensor)]

    def is_end(self, tensor: Any) -> bool:
        """Whether a model gives the tensor, so that whoever takes the model's output counts on its shape."""
        return id(tensor) in self._ends

    def _walk(self, model: Any) -> None:
        if id(model) in self._models:
            return
        self._models[id(model)] = model
        self._ends |= {id(tensor) for tensor in model.outputs}
        starts = {id(tensor) for tensor in model.inputs}
        for tensor in model.outputs:
            self._reach(tensor, starts)

    def _reach(self, tensor: Any, starts: set[int]) -> None:
        """Note the node that gives a tensor, after those that it takes from."""
        node = tensor.node
        if id(tensor) in starts or id(node) in self._nodes:
            return
        taken = {id(each): each for each in inputs_of(node)}
        for each in taken.values():
            self._reach(each, starts)
        if isinstance(node.layer, tf.keras.Model):
            self._walk(node.layer)
        self._nodes[id(node)] = node
        for number in taken:
            self._takers[number].append(node)


def inputs_of(node: Any) -> list[Any]:
    """The tensors that a node takes, in order."""
    tensors: list[Any] = tf.nest.flatten(node.keras_inputs)
    return tensors


def outputs_of(node: Any) -> list[Any]:
    """The tensors that a node gives, in order."""
    tensors: list[Any] = tf.nest.flatten(node.outputs)
    return tensors
