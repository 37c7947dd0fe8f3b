"""What layers take and give while a model is called, wherever in it they lie."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import tensorflow as tf


@dataclass(frozen=True)
class Call:
    """One call of a layer.

    Attributes:
        arguments, options: what its `call` was given, by place and by name.
        output: what it gave, before its activation if that was set aside.
        is_linear: whether the activation was set aside.
    """

    layer: Any
    arguments: tuple[Any, ...]
    options: dict[str, Any]
    output: Any
    is_linear: bool


@contextmanager
def recorded(layers: Sequence[Any], linear: Sequence[type], tape: Any) -> Iterator[list[Call]]:
    """In the block, calls of `layers` go on the list, and the tape watches what they give.

    Args:
        linear: kinds of layers whose activation is applied after the output has been noted.
    """
    calls: list[Call] = []
    for layer in layers:
        layer.call = _recording(layer, type(layer) in linear, tape, calls)
    try:
        yield calls
    finally:
        for layer in layers:
            del layer.call  # the class's own shows again


def _recording(layer: Any, is_linear: bool, tape: Any, calls: list[Call]) -> Any:
    call = layer.call

    @tf.autograph.experimental.do_not_convert  # type: ignore[untyped-decorator]
    def record(*arguments: Any, **options: Any) -> Any:
        output = _linear(layer, call, arguments, options) if is_linear else call(*arguments, **options)
        tape.watch(output)
        calls.append(Call(layer, arguments, options, output, is_linear))
        return layer.activation(output) if is_linear and layer.activation else output

    return record


def _linear(layer: Any, call: Any, arguments: tuple[Any, ...], options: dict[str, Any]) -> Any:
    activation, layer.activation = layer.activation, tf.keras.activations.linear
    try:
        return call(*arguments, **options)
    finally:
        layer.activation = activation
