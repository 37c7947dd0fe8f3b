"""Training on weights and activations that are rounded as a conversion will round them."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import tensorflow as tf

from tasks.compress.config import QuantiseAwareOptions
from tasks.compress.low_rank import LowRankTokenEmbeddings
from tasks.compress.matrices import usable_matrices
from tasks.compress.rounding import (
    ROUNDED,
    RoundedActivations,
    RoundedConvolution,
    RoundedDense,
    RoundedLowRankTokens,
    RoundedTable,
    RoundedTokens,
    Together,
)
from tasks.compress.subject import Subject
from tasks.compress.surgery import Replacement, rebuilt
from tasks.compress.tuning import tune
from tasks.model.layers import TokenEmbeddings
from tasks.model.network import Network


def quantise_aware(subject: Subject, options: QuantiseAwareOptions) -> Subject:
    """The subject with layers that round, trained with them. `deployed` makes them plain again, on the int8 grid.

    Weights that share values are rounded by one step a matrix, for they would not be so few by one step an output.

    Raises:
        RecipeError: it has no matrices.
        TrainingError: a weight or the loss is not a number, as it is where activations have no range.
    """
    usable_matrices(subject, subject.network, "quantise_aware")
    is_shared = "cluster" in subject.manifest.compression
    network = rebuilt(subject.network, partial(_rounding, options=options, is_shared=is_shared))
    tune(subject, network, options.tuning)
    return subject.changed(network)


def deployed(network: Network) -> Network:
    """The network without layers that round: weights are rounded for good, and activations are left to a conversion.

    A network that has none is returned as it is.
    """
    layers = network.exported._flatten_layers(include_self=False)
    if not any(isinstance(layer, (RoundedActivations, *ROUNDED)) for layer in layers):
        return network
    return rebuilt(network, _plain)


def _rounding(layer: Any, options: QuantiseAwareOptions, is_shared: bool) -> Replacement | None:
    """What stands in a layer's place, with the weights that it had."""
    config, weights, kind = layer.get_config(), layer.get_weights(), type(layer)
    dense_by_output = options.towards == "int8" and not is_shared
    if kind is tf.keras.layers.Embedding:
        return Replacement([RoundedTable(**config)], [weights])
    if kind is TokenEmbeddings:
        return Replacement([RoundedTokens(**config)], [weights])
    if kind is LowRankTokenEmbeddings:
        return Replacement([RoundedLowRankTokens(**config, by_output=dense_by_output)], [weights])
    if kind is tf.keras.layers.Dense:
        return _among_rounded(layer, "vector", RoundedDense(**config, by_output=dense_by_output), options)
    if kind is tf.keras.layers.Conv2D:
        return _among_rounded(layer, "example", RoundedConvolution(**config, by_output=not is_shared), options)
    return None


def _among_rounded(old: Any, together: Together, layer: Any, options: QuantiseAwareOptions) -> Replacement:
    """A layer whose inputs are rounded; and what it gives, where the conversion rounds that too.

    What an activation gives is left to the next layer's input: most are not a part of the product that is converted.
    """
    if options.towards != "full_int8":
        return Replacement([RoundedActivations(together, name=f"{old.name}_input"), layer], [[], old.get_weights()])
    unknown = [np.zeros(1, np.float32)] * 3
    before, after = (RoundedActivations("all", name=f"{old.name}_{side}") for side in ("input", "output"))
    if layer.activation is not tf.keras.activations.linear:
        return Replacement([before, layer], [unknown, old.get_weights()])
    return Replacement([before, layer, after], [unknown, old.get_weights(), unknown])


def _plain(layer: Any) -> Replacement | None:
    if isinstance(layer, RoundedActivations):
        return Replacement()
    if isinstance(layer, ROUNDED):
        plain, weights = layer.plain()
        return Replacement([plain], [weights])
    return None
