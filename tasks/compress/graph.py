"""A TFLite file in hand: its operators, tensors and constants, to be read and rewritten."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

NONE = -1  # the place of an input that is left out


class Graph:
    """A subgraph of a model, operator by operator. Tensors go by their places."""

    def __init__(self, model: Any, subgraph: Any) -> None:
        from tensorflow.lite.python import schema_py_generated

        self.schema: Any = schema_py_generated
        self.model, self.subgraph = model, subgraph

    @property
    def makers(self) -> dict[int, Any]:
        """The operator that makes each tensor that is made."""
        return {int(place): operator for operator in self.subgraph.operators for place in operator.outputs}

    def is_(self, operator: Any, name: str) -> bool:
        """Whether there is such an operator, and of that name."""
        return operator is not None and self.name(operator) == getattr(self.schema.BuiltinOperator, name)

    def name(self, operator: Any) -> int:
        """Which of TFLite's operations it is."""
        return int(self.model.operatorCodes[operator.opcodeIndex].builtinCode)

    def only_user(self, place: int) -> Any:
        """The operator that takes a tensor, if nobody else does."""
        users = [operator for operator in self.subgraph.operators if place in operator.inputs]
        return users[0] if len(users) == 1 and place not in self.subgraph.outputs else None

    def shape(self, place: int) -> list[int]:
        """Sizes of a tensor's axes, -1 where they are not known."""
        tensor = self.subgraph.tensors[place]
        shape = tensor.shapeSignature if tensor.shapeSignature is not None else tensor.shape
        return [] if shape is None else [int(size) for size in shape]

    def is_constant(self, place: int) -> bool:
        """Whether the file holds the tensor's values."""
        return place != NONE and bool(self._bytes(place).size)

    def floats(self, place: int) -> NDArray[np.float32]:
        """The values of a float constant."""
        return self._bytes(place).view(np.float32).reshape(self.shape(place))

    def integers(self, place: int) -> list[int]:
        """The values of a constant of int32."""
        return [int(value) for value in self._bytes(place).view(np.int32)]

    def constant(self, values: NDArray[np.float32]) -> int:
        """A new float constant."""
        buffer = self.schema.BufferT()
        buffer.data = np.frombuffer(np.ascontiguousarray(values, np.float32).tobytes(), np.uint8)
        self.model.buffers.append(buffer)
        place = self.tensor("constant", list(values.shape))
        self.subgraph.tensors[place].buffer = len(self.model.buffers) - 1
        return place

    def tensor(self, name: str, shape: list[int]) -> int:
        """A new float tensor; axes of -1 are not known."""
        tensor = self.schema.TensorT()
        place = len(self.subgraph.tensors)
        tensor.name, tensor.type = f"{name}{place}".encode(), self.schema.TensorType.FLOAT32
        tensor.shape = [max(1, size) for size in shape]
        tensor.shapeSignature = list(shape) if -1 in shape else None
        self.subgraph.tensors.append(tensor)
        return place

    def product(self, left: int, right: int, output: int) -> Any:
        """A new operator that multiplies two float tensors."""
        operator = self.schema.OperatorT()
        operator.opcodeIndex = self._code("MUL")
        operator.inputs, operator.outputs = [left, right], [output]
        operator.builtinOptionsType = self.schema.BuiltinOptions.MulOptions
        operator.builtinOptions = self.schema.MulOptionsT()
        return operator

    def drop_dead(self) -> None:
        """Remove operators of which nobody takes anything."""
        kept: list[Any] = []
        wanted = {int(place) for place in self.subgraph.outputs}
        for operator in reversed(self.subgraph.operators):
            if wanted & {int(place) for place in operator.outputs}:
                wanted |= {int(place) for place in operator.inputs}
                kept.append(operator)
        self.subgraph.operators = kept[::-1]

    def _bytes(self, place: int) -> NDArray[np.uint8]:
        data = self.model.buffers[self.subgraph.tensors[place].buffer].data
        return np.zeros(0, np.uint8) if data is None else np.asarray(data, np.uint8)

    def _code(self, name: str) -> int:
        builtin = getattr(self.schema.BuiltinOperator, name)
        for place, code in enumerate(self.model.operatorCodes):
            if code.builtinCode == builtin:
                return place
        code = self.schema.OperatorCodeT()
        code.builtinCode, code.version, code.deprecatedBuiltinCode = builtin, 1, builtin
        self.model.operatorCodes.append(code)
        return len(self.model.operatorCodes) - 1


class Opened:
    """A TFLite model whose graphs may be rewritten; `content` is the file of it as it is."""

    def __init__(self, content: bytes) -> None:
        from tensorflow.lite.tools import flatbuffer_utils

        self.model: Any = flatbuffer_utils.convert_bytearray_to_object(bytearray(content))
        self.graphs = [Graph(self.model, subgraph) for subgraph in self.model.subgraphs]

    @property
    def content(self) -> bytes:
        """The file."""
        from tensorflow.lite.tools import flatbuffer_utils

        return bytes(flatbuffer_utils.convert_object_to_bytearray(self.model))


@contextmanager
def exact_tensors(content: bytes) -> Iterator[Any]:
    """An interpreter of a model that keeps all tensors, on one thread and without delegates."""
    import tensorflow as tf

    yield tf.lite.Interpreter(
        model_content=content,
        num_threads=1,
        experimental_preserve_all_tensors=True,
        experimental_op_resolver_type=tf.lite.experimental.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
    )
