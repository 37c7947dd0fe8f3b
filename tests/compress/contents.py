"""What a TFLite file holds."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np


def interpreter(content: bytes) -> Any:
    import tensorflow as tf

    plain = tf.lite.experimental.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES  # operators as they are in the file
    made = tf.lite.Interpreter(model_content=content, experimental_op_resolver_type=plain)
    made.allocate_tensors()
    return made


def operators(content: bytes) -> Counter[str]:
    return Counter(operator["op_name"] for operator in interpreter(content)._get_ops_details())


def constants(content: bytes, kind: type[np.generic]) -> list[tuple[int, ...]]:
    """Shapes of the tensors of a type that an operator reads and none writes."""
    model = interpreter(content)
    read, written = (
        {int(place) for operator in model._get_ops_details() for place in operator[side]}
        for side in ("inputs", "outputs")
    )
    given = {one["index"] for one in model.get_input_details()}
    return sorted(
        tuple(one["shape"].tolist())
        for one in model.get_tensor_details()
        if one["dtype"] == kind and one["index"] in read - written - given
    )
