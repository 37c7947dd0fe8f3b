"""Epsilon by privacy loss distributions (PLD): tight up to a grid of losses, and never too low."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

from tasks.dp.accounting.groups import group, group_loss
from tasks.dp.accounting.mechanisms import Gaussian, Guarantee, Laplace, Mechanism, PrivateTraining


def loss_epsilon(mechanisms: Sequence[Mechanism], delta: float, interval: float) -> float:
    """Epsilon of all mechanisms together at `delta`, for one row (or person) added or removed.

    Composition is convolution of their privacy loss distributions (Koskela et al. 2020; Doroshenko et al. 2022).

    Args:
        mechanisms: each with noise; one without tells everything, which is the caller's to know.
        delta: above 0.
        interval: the distance of the losses that are told apart; a coarser one is faster and higher.
    """
    total = None
    for mechanism in mechanisms:
        part = _composed(mechanism, interval)
        total = part if total is None else total.compose(part)
    return 0.0 if total is None else float(total.get_epsilon_for_delta(delta))


@lru_cache(maxsize=16)  # of up to some 20 MB each
def _composed(mechanism: Mechanism, interval: float) -> Any:
    from dp_accounting.pld import common, privacy_loss_distribution

    match mechanism:
        case PrivateTraining():
            return _step(replace(mechanism, steps=1), interval).self_compose(mechanism.steps)
        case Laplace():
            once = privacy_loss_distribution.from_laplace_mechanism(
                mechanism.noise, value_discretization_interval=interval
            )
            return once.self_compose(mechanism.count)
        case Gaussian():
            noise = mechanism.noise / math.sqrt(mechanism.count)
            return privacy_loss_distribution.from_gaussian_mechanism(noise, value_discretization_interval=interval)
        case Guarantee():
            told = common.DifferentialPrivacyParameters(mechanism.epsilon, mechanism.delta)
            return privacy_loss_distribution.from_privacy_parameters(told, interval)


@lru_cache(maxsize=16)  # trainings of other lengths are made of it
def _step(training: PrivateTraining, interval: float) -> Any:
    from dp_accounting.pld import privacy_loss_distribution

    if training.group_size > 1:
        return group_loss(group(training.sampling_rate, training.effective_noise, training.group_size), interval)
    return privacy_loss_distribution.from_gaussian_mechanism(
        training.effective_noise, sampling_prob=training.sampling_rate, value_discretization_interval=interval
    )
