"""Int8 weights in a TFLite file, one scale for each output channel of a dense layer.

TFLite's converter quantises a dense layer with one scale for its whole matrix, since the runtime's kernel knows no
other. One large weight then costs the precision of all: embeddings of MiniLM keep a cosine of 0.97 with their
originals, and of 0.999 with a scale a channel. Here the kernel's own scale is 1 and its output is multiplied by the
channels' scales: (W / s) x * s = W x. Embedding tables are gathered as int8 and become floats after.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

SMALLEST = 1024  # smaller constants stay float: they save nothing, as in TFLite's converter
_LARGEST_INT8 = 127  # symmetric: -128 is not used
_NONE = -1  # the place of an input that is left out


def quantise_weights(content: bytes, *, one_scale: bool = False) -> tuple[bytes, float]:
    """A float TFLite model with its large weights as int8, and the share of int8 among its constants' numbers.

    Args:
        one_scale: whether all channels of a layer have the same scale: weights that share a few values then share as
            few integers, which takes less room once they are packed.
    """
    from tensorflow.lite.tools import flatbuffer_utils

    model = flatbuffer_utils.convert_bytearray_to_object(bytearray(content))
    for subgraph in model.subgraphs:
        _Graph(model, subgraph, one_scale).quantise()
    _drop_unused(model)
    return bytes(flatbuffer_utils.convert_object_to_bytearray(model)), _int8_share(model)


class _Graph:
    """A subgraph, rewritten operator by operator."""

    def __init__(self, model: Any, subgraph: Any, one_scale: bool) -> None:
        from tensorflow.lite.python import schema_py_generated

        self.schema: Any = schema_py_generated
        self.model, self.subgraph, self.one_scale = model, subgraph, one_scale
        self.quantised: dict[tuple[str, int], tuple[int, int]] = {}  # by kind and weights: int8 tensor, its scales

    def quantise(self) -> None:
        """Replace each operator that has large constant weights by one on int8, and what it needs after it."""
        codes, rewritten = self.schema.BuiltinOperator, []
        for operator in self.subgraph.operators:
            rewritten.append(operator)
            code = self.model.operatorCodes[operator.opcodeIndex].builtinCode
            if code == codes.FULLY_CONNECTED and self._large(operator.inputs[1]) and self._known_bias(operator):
                rewritten.append(self._scaled_dense(operator))
            elif code == codes.GATHER and self._large(operator.inputs[0]):
                rewritten.append(self._dequantised_gather(operator))
        self.subgraph.operators = rewritten

    def _scaled_dense(self, operator: Any) -> Any:
        """Make a dense layer int8; returns the product with its channels' scales. An activation moves there."""
        weights, scales = self._dense_weights(int(operator.inputs[1]))
        inputs = [int(place) for place in operator.inputs]
        inputs[1] = weights
        if len(inputs) > 2 and inputs[2] != _NONE:
            inputs[2] = self._constant("bias", self._values(inputs[2]) / self._values(scales))
        options = self.schema.MulOptionsT()
        options.fusedActivationFunction = operator.builtinOptions.fusedActivationFunction
        operator.builtinOptions.fusedActivationFunction = self.schema.ActivationFunctionType.NONE
        operator.builtinOptions.asymmetricQuantizeInputs = True  # all 256 steps for activations of one sign
        operator.opcodeIndex = self._code("FULLY_CONNECTED", version=9)
        operator.inputs = inputs
        product, output = self._after(operator, "MUL", 1, self.schema.TensorType.FLOAT32)
        product.inputs = [output, scales]
        product.builtinOptionsType, product.builtinOptions = self.schema.BuiltinOptions.MulOptions, options
        return product

    def _dequantised_gather(self, operator: Any) -> Any:
        """Make a look-up int8; returns what turns the rows that it finds into floats."""
        inputs = [int(place) for place in operator.inputs]
        inputs[0] = self._table_weights(inputs[0])
        operator.opcodeIndex = self._code("GATHER", version=2)
        operator.inputs = inputs
        dequantise, output = self._after(operator, "DEQUANTIZE", 2, self.schema.TensorType.INT8)
        self.subgraph.tensors[output].quantization = self.subgraph.tensors[inputs[0]].quantization
        dequantise.inputs = [output]
        dequantise.builtinOptionsType = self.schema.BuiltinOptions.DequantizeOptions
        dequantise.builtinOptions = self.schema.DequantizeOptionsT()
        return dequantise

    def _dense_weights(self, place: int) -> tuple[int, int]:
        key = ("dense", place)
        if key not in self.quantised:
            values = self._values(place)
            largest = np.abs(values).max(axis=1)
            scales = _scales(np.full_like(largest, largest.max()) if self.one_scale else largest)
            weights = self._int8("weights", values / scales[:, None], scale=1.0)
            self.quantised[key] = weights, self._constant("scales", scales)
        return self.quantised[key]

    def _table_weights(self, place: int) -> int:
        key = ("table", place)
        if key not in self.quantised:
            values = self._values(place)
            scale = _scales(np.abs(values).max(keepdims=True).reshape(1))[0]
            table = self._int8("table", values / scale, float(scale))
            self.quantised[key] = table, table
        return self.quantised[key][0]

    def _after(self, operator: Any, name: str, version: int, kind: int) -> tuple[Any, int]:
        """A new operator that gives what `operator` gave, and the new tensor that `operator` gives instead."""
        old = self.subgraph.tensors[operator.outputs[0]]
        output = self._tensor(f"{_text(old.name)}/{name.lower()}_input", old.shape, kind)
        self.subgraph.tensors[output].shapeSignature = old.shapeSignature
        following = self.schema.OperatorT()
        following.opcodeIndex = self._code(name, version)
        following.outputs, operator.outputs = list(operator.outputs), [output]
        return following, output

    def _large(self, place: int) -> bool:
        tensor = self.subgraph.tensors[place]
        return bool(
            self._is_constant(place)
            and tensor.type == self.schema.TensorType.FLOAT32
            and int(np.prod(tensor.shape)) >= SMALLEST
        )

    def _known_bias(self, operator: Any) -> bool:
        return len(operator.inputs) < 3 or operator.inputs[2] == _NONE or self._is_constant(operator.inputs[2])

    def _is_constant(self, place: int) -> bool:
        data = self.model.buffers[self.subgraph.tensors[place].buffer].data
        return data is not None and len(data) > 0

    def _values(self, place: int) -> NDArray[np.float32]:
        tensor = self.subgraph.tensors[place]
        data = np.asarray(self.model.buffers[tensor.buffer].data, np.uint8)
        return data.view(np.float32).reshape(tensor.shape)

    def _int8(self, name: str, values: NDArray[np.float32], scale: float) -> int:
        place = self._constant(name, np.round(values).astype(np.int8))
        quantization = self.schema.QuantizationParametersT()
        quantization.scale, quantization.zeroPoint = np.array([scale], np.float32), np.zeros(1, np.int64)
        self.subgraph.tensors[place].quantization = quantization
        return place

    def _constant(self, name: str, values: NDArray[Any]) -> int:
        kinds = {np.dtype(np.int8): self.schema.TensorType.INT8, np.dtype(np.float32): self.schema.TensorType.FLOAT32}
        buffer = self.schema.BufferT()
        buffer.data = np.frombuffer(np.ascontiguousarray(values).tobytes(), np.uint8)
        self.model.buffers.append(buffer)
        place = self._tensor(f"int8/{name}{len(self.subgraph.tensors)}", values.shape, kinds[values.dtype])
        self.subgraph.tensors[place].buffer = len(self.model.buffers) - 1
        return place

    def _tensor(self, name: str, shape: Any, kind: int) -> int:
        tensor = self.schema.TensorT()
        tensor.name, tensor.shape, tensor.type = name.encode(), list(shape), kind
        self.subgraph.tensors.append(tensor)
        return len(self.subgraph.tensors) - 1

    def _code(self, name: str, version: int) -> int:
        """The place of an operator in the model's list of them, which it joins if it must."""
        builtin = getattr(self.schema.BuiltinOperator, name)
        for place, code in enumerate(self.model.operatorCodes):
            if code.builtinCode == builtin:
                code.version = max(code.version, version)
                return place
        code = self.schema.OperatorCodeT()
        code.builtinCode, code.version = builtin, version
        code.deprecatedBuiltinCode = min(builtin, 127)  # as far as older readers can count
        self.model.operatorCodes.append(code)
        return len(self.model.operatorCodes) - 1


def _scales(largest: NDArray[np.float32]) -> NDArray[np.float32]:
    """Steps between two int8 values, for the largest weights; 1 where all weights are 0."""
    steps = np.asarray(largest / _LARGEST_INT8, np.float32)
    return np.where(steps > 0, steps, np.float32(1.0))


def _drop_unused(model: Any) -> None:
    """Empty the buffers that no operator reads any more: the float weights."""
    used = {metadata.buffer for metadata in model.metadata or []}
    for graph in model.subgraphs:
        read = {int(place) for operator in graph.operators for place in operator.inputs} - {_NONE}
        read |= {int(place) for place in graph.outputs}
        used |= {graph.tensors[place].buffer for place in read}
    for place, buffer in enumerate(model.buffers):
        if place not in used:
            buffer.data = None


def _int8_share(model: Any) -> float:
    from tensorflow.lite.python import schema_py_generated as schema

    sizes = {schema.TensorType.INT8: 0, schema.TensorType.FLOAT32: 0}
    for tensor in [tensor for graph in model.subgraphs for tensor in graph.tensors]:
        data = model.buffers[tensor.buffer].data
        if data is not None and tensor.type in sizes:
            sizes[tensor.type] += int(np.prod(tensor.shape))
    return sizes[schema.TensorType.INT8] / max(1, sum(sizes.values()))


def _text(name: Any) -> str:
    return name.decode() if isinstance(name, bytes) else str(name)
