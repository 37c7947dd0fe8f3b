"""Channels of dense layers brought to like ranges, before one scale has to do for all of them.

In int8 a dense layer's inputs and weights have one scale each. In transformers a few channels are many times as large
as the others, which then share a few steps (Bondarenko, Nagel and Blankevoort 2021). So inputs are divided by s and
outputs by r, a factor a channel, and the weights make good for it: y = r * ((W * s / r) (x / s) + b / r). r is the
largest weight of an output, as if each had a scale of its own; s is the root of an input's largest size over that of
its weights, which shares the trouble between both (Xiao et al. 2023, SmoothQuant with alpha = 1/2). The products with
1 / s and r are in float. Dividing by the largest outputs instead makes it worse: an output near zero for all rows, out
of large weights, then decides the scale of the whole matrix.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tasks.compress.graph import NONE, Graph, Opened, exact_tensors
from tasks.runtime.arrays import Arrays

Ranges = dict[int, NDArray[np.float32]]
"""By a tensor's place the largest size of each channel's values."""


def balance(content: bytes, batches: Sequence[Arrays]) -> bytes:
    """A float TFLite model of one graph that gives what the given one does, its dense layers' channels balanced."""
    opened = Opened(content)
    (graph,) = opened.graphs
    layers = [operator for operator in graph.subgraph.operators if _is_balanced(graph, operator)]
    ranges = _ranges(content, {int(layer.inputs[0]) for layer in layers}, batches)
    for layer in layers:
        _balance(graph, layer, ranges)
    return opened.content


def _is_balanced(graph: Graph, operator: Any) -> bool:
    """A dense layer with known weights, and no activation but one that scaling does not change."""
    kinds = graph.schema.ActivationFunctionType
    return (
        graph.is_(operator, "FULLY_CONNECTED")
        and all(graph.is_constant(int(place)) for place in operator.inputs[1:] if place != NONE)
        and operator.builtinOptions.fusedActivationFunction in (kinds.NONE, kinds.RELU)
    )


def _ranges(content: bytes, places: set[int], batches: Sequence[Arrays]) -> Ranges:
    ranges: Ranges = {}
    with exact_tensors(content) as interpreter:
        run = interpreter.get_signature_runner()
        for batch in batches:
            run(**batch)
            for place in places:
                values = np.abs(interpreter.get_tensor(place))
                largest = values.reshape(-1, values.shape[-1]).max(axis=0)
                ranges[place] = np.maximum(ranges.get(place, largest), largest)
    return ranges


def _balance(graph: Graph, layer: Any, ranges: Ranges) -> None:
    inputs, output = [int(place) for place in layer.inputs], int(layer.outputs[0])
    weights = graph.floats(inputs[1])
    outward = _factors(np.abs(weights).max(axis=1))
    weights = weights / outward[:, None]
    inward = _factors(np.sqrt(_factors(ranges[inputs[0]]) / _factors(np.abs(weights).max(axis=0))))
    narrowed = graph.tensor("narrowed", graph.shape(inputs[0]))
    before = graph.product(inputs[0], graph.constant(1 / inward), narrowed)
    inputs[:2] = [narrowed, graph.constant(weights * inward)]
    if len(inputs) > 2 and inputs[2] != NONE:
        inputs[2] = graph.constant(graph.floats(inputs[2]) / outward)
    even = graph.tensor("even", graph.shape(output))
    layer.inputs, layer.outputs = inputs, [even]
    after = graph.product(even, graph.constant(outward), output)
    operators = graph.subgraph.operators
    place = next(number for number, each in enumerate(operators) if each is layer)
    operators[place : place + 1] = [before, layer, after]


def _factors(largest: NDArray[np.float32]) -> NDArray[np.float32]:
    """Positive numbers for channels; 1 for those that are always 0."""
    return np.where(largest > 0, largest, np.float32(1)).astype(np.float32)
