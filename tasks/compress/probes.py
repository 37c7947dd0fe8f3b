"""What flows into the layers of a network while it is shown some of the rows that it learned from."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import tensorflow as tf

from infra.progress import Progress, report
from tasks.compress.subject import Subject
from tasks.compress.surgery import Replacement, rebuilt
from tasks.fit.batches import Batches, Slice
from tasks.model.network import Network

Look = Callable[[Any], Any]
"""Sees what flows into a layer, and returns what is to flow in."""
_BATCH = 32


class _Probe(tf.keras.layers.Layer):  # type: ignore[misc]
    """Stands before a layer. It is in no model that is kept."""

    def __init__(self, look: Look, **options: Any) -> None:
        super().__init__(**options)
        self.look = look

    def call(self, inputs: Any) -> Any:
        """While the graph is being drawn there is nothing to see."""
        return self.look(inputs) if tf.executing_eagerly() else inputs


def probed(network: Network, looks: Mapping[int, Look]) -> Network:
    """A copy of the network that shows, when called eagerly, what flows into layers, given by their `id`."""

    def change(layer: Any) -> Replacement | None:
        if id(layer) not in looks:
            return None
        copy = type(layer).from_config(layer.get_config())
        probe = _Probe(looks[id(layer)], name=f"{layer.name}_probe")
        return Replacement([probe, copy], [[], layer.get_weights()])

    return rebuilt(network, change)


def sampled(subject: Subject, rows: int) -> Iterator[Slice]:
    """Batches of the rows that were learned from, so many rows or a few more, the same each time."""
    batches = Batches(subject.material.learned, _BATCH, subject.training.seed)
    steps = min(math.ceil(rows / _BATCH), batches.steps_per_epoch)
    for step in range(steps):
        yield batches.slice(step)
        report(Progress("compress", step + 1, steps, "looking at train rows"))
