"""Weights by name: `layer/weight`, such as `layer0_forward_wide/kernel`, however models lie within models."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Named = dict[str, NDArray[Any]]


def named_weights(model: Any) -> dict[str, Any]:
    """The variables of a Keras model by name."""
    return {weight_name(variable): variable for variable in model.weights}


def set_named_weights(model: Any, values: Mapping[str, NDArray[Any]]) -> None:
    """Give a model's variables the values of their names; others keep theirs.

    Raises:
        ValueError: the model has no variable of a name, or one of another shape.
    """
    variables = named_weights(model)
    for name, value in values.items():
        if name not in variables:
            raise ValueError(f"a weight {name}, which the model lacks")
        if tuple(variables[name].shape) != value.shape:
            raise ValueError(f"{name} of shape {value.shape} where the model's is {tuple(variables[name].shape)}")
        variables[name].assign(value.astype(np.float32))


def saved_weights(saved_model: Path) -> Named:
    """The weights of a SavedModel by name."""
    import tensorflow as tf

    return {weight_name(variable): variable.numpy() for variable in tf.saved_model.load(str(saved_model)).weights}


def weight_name(variable: Any) -> str:
    """`layer/weight` out of TensorFlow's name, without the scopes around it."""
    return "/".join(variable.name.removesuffix(":0").split("/")[-2:])
