"""A SavedModel as ONNX: equal models, equal bytes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from infra.errors import TrainingError
from infra.extras import import_extra

OPSET = 15  # the newest that tf2onnx converts by default
_PRODUCER = "lepton"


def to_onnx(saved_model: Path) -> bytes:
    """Convert what the signature `serving_default` gives; batch and length stay free, inputs and outputs keep names.

    Raises:
        TrainingError: the model needs an operation that ONNX lacks.
        MachineError: the extra `onnx` is not installed.
    """
    import tensorflow as tf

    convert = import_extra("tf2onnx.convert", "onnx")
    owner = tf.saved_model.load(str(saved_model))  # the signature alone does not keep its variables alive
    signature = owner.signatures["serving_default"]
    names = sorted(signature.structured_input_signature[1])
    specifications = [signature.structured_input_signature[1][name] for name in names]

    @tf.function(input_signature=specifications)  # type: ignore[untyped-decorator]
    def serve(*inputs: Any) -> Any:
        return signature(**dict(zip(names, inputs, strict=True)))

    try:
        model, _ = convert.from_function(serve, input_signature=specifications, opset=OPSET)
    except Exception as error:  # the converter's errors have no common class
        raise _refused(saved_model, [str(error).strip().splitlines()[0]]) from error
    lacking = {node.op_type for node in model.graph.node if node.domain not in ("", "ai.onnx.ml")}
    if lacking := lacking | _unknown(model):
        raise _refused(saved_model, [f"operations {', '.join(sorted(lacking))}"])
    content: bytes = _canonical(model).SerializeToString(deterministic=True)
    return content


def _unknown(model: Any) -> set[str]:
    """Operations that the converter has left as TensorFlow has them."""
    onnx = import_extra("onnx", "onnx")
    return {node.op_type for node in model.graph.node if not onnx.defs.has(node.op_type, OPSET)}


def _refused(saved_model: Path, found: Iterable[str]) -> TrainingError:
    return TrainingError(
        f"conversion of {saved_model} to ONNX",
        found=", ".join(found),
        allowed=f"operations of ONNX, version {OPSET} of its set",
        action="Build the model's layers of other operations, or take another format.",
    )


def _canonical(model: Any) -> Any:
    """The model with numbers for names in it: the converter's count up a process's layers and functions."""
    graph = model.graph
    kept = {each.name for each in (*graph.input, *graph.output)}
    names: dict[str, str] = {name: name for name in kept}

    def named(old: str) -> str:
        return names.setdefault(old, f"t{len(names)}") if old else ""

    for number, node in enumerate(graph.node):
        node.name = f"n{number}"
        node.doc_string = ""
        node.input[:] = [named(name) for name in node.input]
        node.output[:] = [named(name) for name in node.output]
    constants = sorted(graph.initializer, key=lambda each: int(re.sub(r"\D", "", named(each.name)) or 0))
    for constant in constants:
        constant.name = named(constant.name)
    del graph.initializer[:], graph.value_info[:], model.metadata_props[:]
    graph.initializer.extend(constants)
    for number, each in enumerate((*graph.input, *graph.output)):
        _name_sizes(each, number)
    graph.name, graph.doc_string = "model", ""
    model.producer_name, model.producer_version, model.doc_string = _PRODUCER, "", ""
    return model


def _name_sizes(value: Any, number: int) -> None:
    """Sizes that are not known, by the places of the tensor and of the axis."""
    for axis, size in enumerate(value.type.tensor_type.shape.dim):
        if size.dim_param:
            size.dim_param = f"size{number}_{axis}"
