"""Optimisers by name, one for each group of weights that learn at a rate of their own."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from infra.errors import TrainingError
from tasks.fit.adversary import LEARNING_RATE, Adversary
from tasks.fit.config import OptimizerOptions
from tasks.fit.precision import Precision, with_loss_scale
from tasks.fit.schedule import WarmupSchedule
from tasks.model.depth import layer_heights
from tasks.model.network import Network

UNDECAYED = ("bias", "beta", "gamma")  # pulling offsets and scales to zero does not keep a model simple


@dataclass(frozen=True)
class WeightGroup:
    """Weights that learn at one rate, and the optimiser that moves them."""

    weights: tuple[Any, ...]
    schedule: WarmupSchedule
    optimizer: Any


def weight_groups(
    network: Network, options: OptimizerOptions, total_steps: int, precision: Precision = "float32"
) -> list[WeightGroup]:
    """The weights that learn, by their rates: the body from the top layer down, then the head if there is a new one.

    The rate of layer d of L is that of the body times `layer_decay` ** (L - d), the embeddings being layer 0
    (discriminative fine-tuning, Howard and Ruder 2018).

    Raises:
        TrainingError: no weight learns.
    """
    head = list(network.head)
    body = [weight for weight in network.trained.trainable_variables if not any(weight is other for other in head)]
    heights = layer_heights([weight.name for weight in body])
    by_rate: dict[float, list[Any]] = defaultdict(list)
    for weight, height in zip(body, heights, strict=True):
        by_rate[options.learning_rate * options.layer_decay ** (max(heights) - height)].append(weight)
    rates = [(by_rate[rate], rate) for rate in sorted(by_rate, reverse=True)]
    groups = []
    for weights, rate in [*rates, (head, options.head_learning_rate)] if head else rates:
        schedule = WarmupSchedule(rate, int(options.warmup_share * total_steps), total_steps, options.schedule)
        optimizer = with_loss_scale(build_optimizer(weights, schedule, options), precision)
        groups.append(WeightGroup(tuple(weights), schedule, optimizer))
    if not groups:
        raise TrainingError(
            "weights that learn",
            found="none",
            allowed="one or more",
            action="Lower train.encoder.frozen_layers, or let the embeddings learn.",
        )
    return groups


def adversary_group(adversary: Adversary, total_steps: int) -> WeightGroup:
    """The weights of an adversary, by Adam at a rate of their own that stays."""
    schedule, optimizer = WarmupSchedule(LEARNING_RATE, 0, total_steps, "constant"), OptimizerOptions(name="adam")
    return WeightGroup(adversary.weights, schedule, build_optimizer(list(adversary.weights), schedule, optimizer))


def build_optimizer(weights: list[Any], schedule: WarmupSchedule, options: OptimizerOptions) -> Any:
    """The optimiser over `weights`; decay leaves out biases and the scales and offsets of norms.

    Adam (Kingma and Ba 2015), AdamW (Loshchilov and Hutter 2019), SGD with momentum or RMSprop, all Keras's.
    """
    optimizers, decay = tf.keras.optimizers, options.weight_decay
    match options.name:
        case "adamw":
            optimizer = optimizers.AdamW(schedule, weight_decay=decay)
        case "adam":
            optimizer = optimizers.Adam(schedule)
        case "sgd":
            optimizer = optimizers.SGD(schedule, momentum=options.momentum, weight_decay=decay)
        case "rmsprop":
            optimizer = optimizers.RMSprop(schedule, momentum=options.momentum, weight_decay=decay)
    if options.name != "adam":
        optimizer.exclude_from_weight_decay(var_names=list(UNDECAYED))
    optimizer.build(weights)
    return optimizer
