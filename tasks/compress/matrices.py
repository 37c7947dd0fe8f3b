"""The matrices of a network: what sparsity, shared values and rounding are about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from infra.errors import RecipeError, TrainingError
from tasks.compress.chain import Method
from tasks.compress.subject import Subject
from tasks.model.names import weight_name
from tasks.model.network import Network


@dataclass(frozen=True)
class Matrix:
    """A weight of two or more dimensions, whether it learns or not.

    Attributes:
        is_kernel: whether it is of a dense layer (in, out) or of a convolution (height, width, in, out); else it is a
            table (rows, size).
    """

    name: str
    variable: Any
    is_kernel: bool


def matrices(network: Network) -> list[Matrix]:
    """Kernels of dense layers and convolutions, and tables of embeddings, each once.

    Tables of one column are left out: they are biases by another name.
    """
    models = (network.trained, network.exported)
    layers = [layer for model in models for layer in model._flatten_layers(include_self=False)]
    kernels = {
        id(layer.kernel) for layer in layers if isinstance(layer, tf.keras.layers.Dense | tf.keras.layers.Conv2D)
    }
    weights = {id(weight): weight for model in models for weight in model.weights}
    return [
        Matrix(weight_name(weight), weight, key in kernels)
        for key, weight in weights.items()
        if key in kernels or (len(weight.shape) == 2 and weight.shape[1] > 1)
    ]


def usable_matrices(subject: Subject, network: Network, method: Method, *, kernels_only: bool = False) -> list[Matrix]:
    """The matrices that a method is to work on.

    Raises:
        RecipeError: there are none.
        TrainingError: a weight is not a number.
    """
    found = [matrix for matrix in matrices(network) if matrix.is_kernel or not kernels_only]
    if not found:
        kinds = "dense layers or convolutions" if kernels_only else "dense layers, convolutions or tables of embeddings"
        raise RecipeError(
            f"compress.steps: {method}",
            found=f"a model of {subject.manifest.task} without {kinds}",
            allowed="a model with one or more",
            action="Leave the step out.",
        )
    for matrix in found:
        wrong = int(np.count_nonzero(~np.isfinite(matrix.variable.numpy())))
        if wrong:
            raise TrainingError(
                f"compress.steps: {method}: weights {matrix.name}",
                found=f"{wrong} of {int(np.prod(matrix.variable.shape))} that are not finite",
                allowed="finite numbers",
                action="Train the model again with a lower learning rate.",
            )
    return found


def weight_figures(weights: Mapping[str, NDArray[Any]], compression: Sequence[str]) -> dict[str, float]:
    """What a chain made of the matrices among weights by name.

    Returns:
        `sparsity` (share of zeros) where weights were pruned, and `distinct_values` (of the matrix that has most) where
        they share values.
    """
    tables = [
        values
        for name, values in weights.items()
        if values.ndim > 1 and (name.endswith("/kernel") or values.shape[-1] > 1)
    ]
    figures: dict[str, float] = {}
    if {"prune", "prune_2_of_4"} & set(compression):
        zeros = sum(np.count_nonzero(values == 0) for values in tables)
        figures["sparsity"] = zeros / max(1, sum(values.size for values in tables))
    if "cluster" in compression:
        figures["distinct_values"] = float(max((np.unique(values).size for values in tables), default=0))
    return figures
