"""TFLite files that depend on the model alone: equal models, equal bytes.

The converter names tensors after layers, of which Keras counts up a process's, and orders buffers and operator codes as
it met them. Here tensors, buffers and codes are numbered as the operators take them, what none takes is gone, equal
constants are stored once, and of the metadata only what the runtime reads is left.
"""

from __future__ import annotations

from typing import Any

import numpy as np

_NONE = -1  # the place of an input that is left out
_KEPT_METADATA = {b"min_runtime_version"}


def canonical(content: bytes) -> bytes:
    """The model in its canonical form; the names of inputs and outputs in its signatures stay."""
    from tensorflow.lite.tools import flatbuffer_utils

    model = flatbuffer_utils.convert_bytearray_to_object(bytearray(content))
    _number_codes(model)
    for subgraph in model.subgraphs:
        _number_tensors(model, subgraph)
    model.metadata = [each for each in model.metadata or [] if bytes(each.name) in _KEPT_METADATA]
    _number_buffers(model)
    model.description = b""
    return bytes(flatbuffer_utils.convert_object_to_bytearray(model))


def _number_codes(model: Any) -> None:
    """Operator codes in the order of their first use."""
    operators = [operator for subgraph in model.subgraphs for operator in subgraph.operators]
    order = _numbered(operator.opcodeIndex for operator in operators)
    for operator in operators:
        operator.opcodeIndex = order[operator.opcodeIndex]
    model.operatorCodes = [model.operatorCodes[old] for old in order]


def _number_tensors(model: Any, subgraph: Any) -> None:
    """Tensors as inputs, operators and outputs take them, named by their numbers."""
    lists = [subgraph.inputs, *_operands(subgraph.operators), subgraph.outputs]
    order = _numbered(int(place) for places in lists for place in places if place != _NONE)
    order_or_none = {**order, _NONE: _NONE}
    subgraph.inputs = [order[int(place)] for place in subgraph.inputs]
    subgraph.outputs = [order[int(place)] for place in subgraph.outputs]
    for operator in subgraph.operators:
        operator.inputs = [order_or_none[int(place)] for place in operator.inputs]
        operator.outputs = [order_or_none[int(place)] for place in operator.outputs]
        if operator.intermediates is not None:
            operator.intermediates = [order_or_none[int(place)] for place in operator.intermediates]
    subgraph.tensors = [subgraph.tensors[old] for old in order]
    for number, tensor in enumerate(subgraph.tensors):
        tensor.name = f"t{number}".encode()
    number = next(place for place, each in enumerate(model.subgraphs) if each is subgraph)
    for signature in (each for each in model.signatureDefs or [] if each.subgraphIndex == number):
        for mapped in (*signature.inputs, *signature.outputs):
            mapped.tensorIndex = order[int(mapped.tensorIndex)]
            subgraph.tensors[mapped.tensorIndex].name = mapped.name
    subgraph.name = f"g{number}".encode()


def _operands(operators: Any) -> list[list[int]]:
    found = []
    for operator in operators:
        found += [list(operator.inputs), list(operator.outputs)]
        found += [] if operator.intermediates is None else [list(operator.intermediates)]
    return found


def _number_buffers(model: Any) -> None:
    """The empty buffer, then those of tensors in their order, then the metadata's; equal ones once."""
    places: dict[bytes, int] = {b"": 0}
    kept = [model.buffers[0]]
    kept[0].data = None

    def placed(old: int) -> int:
        data = model.buffers[old].data
        key = b"" if data is None else np.asarray(data, np.uint8).tobytes()
        if key not in places:
            places[key] = len(kept)
            kept.append(model.buffers[old])
        return places[key]

    holders = [tensor for subgraph in model.subgraphs for tensor in subgraph.tensors] + model.metadata
    for holder in holders:
        holder.buffer = placed(holder.buffer)
    model.buffers = kept


def _numbered(places: Any) -> dict[int, int]:
    """A number for each place, in the order of their first appearance."""
    return {place: number for number, place in enumerate(dict.fromkeys(places))}
