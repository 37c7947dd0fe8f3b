"""Epsilon by Rényi differential privacy (RDP): a bound that is a little higher than PLD's, and in no time."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from tasks.dp.accounting.groups import group
from tasks.dp.accounting.mechanisms import Gaussian, Guarantee, Laplace, Mechanism, PrivateTraining


def renyi_epsilon(mechanisms: Sequence[Mechanism], delta: float) -> float:
    """Epsilon of all mechanisms together at `delta`, for one row (or person) added or removed; may be infinite.

    Rényi divergences add up (Mironov 2017); of the subsampled Gaussian after Mironov, Talwar and Zhang 2019, turned
    into epsilon after Canonne, Kamath and Steinke 2020: all by dp_accounting. What an (epsilon, delta)-mechanism may
    give away outright is taken from `delta` first.

    Args:
        mechanisms: each with noise.
        delta: above 0.
    """
    import numpy as np
    from dp_accounting.rdp import rdp_privacy_accountant

    left = delta - sum(mechanism.delta for mechanism in mechanisms if isinstance(mechanism, Guarantee))
    if left <= 0.0:
        return float("inf")
    orders = rdp_privacy_accountant.DEFAULT_RDP_ORDERS
    divergences = np.sum([_divergences(mechanism, tuple(orders)) for mechanism in mechanisms], axis=0)
    return float(rdp_privacy_accountant.compute_epsilon(orders, divergences, left)[0]) if len(mechanisms) else 0.0


@lru_cache(maxsize=256)
def _divergences(mechanism: Mechanism, orders: tuple[float, ...]) -> Any:
    """Rényi divergence at each of `orders`, (n,)."""
    import numpy as np
    from dp_accounting.rdp import RdpAccountant

    if isinstance(mechanism, PrivateTraining) and mechanism.group_size > 1:
        step = group(mechanism.sampling_rate, mechanism.effective_noise, mechanism.group_size)
        return np.maximum([step.renyi(order) for order in orders], 0.0) * mechanism.steps
    return np.maximum(RdpAccountant(orders).compose(_event(mechanism)).rdp, 0.0)  # rounding may leave it below


def _event(mechanism: Mechanism) -> Any:
    import dp_accounting

    match mechanism:
        case PrivateTraining():
            noise = dp_accounting.GaussianDpEvent(mechanism.effective_noise)
            step = dp_accounting.PoissonSampledDpEvent(mechanism.sampling_rate, noise)
            return dp_accounting.SelfComposedDpEvent(step, mechanism.steps)
        case Laplace():
            return dp_accounting.SelfComposedDpEvent(dp_accounting.LaplaceDpEvent(mechanism.noise), mechanism.count)
        case Gaussian():
            return dp_accounting.SelfComposedDpEvent(dp_accounting.GaussianDpEvent(mechanism.noise), mechanism.count)
        case Guarantee():  # its Rényi divergence is what any pure epsilon has at most, Laplace's among them
            pure = mechanism.epsilon > 0.0
            return dp_accounting.LaplaceDpEvent(1.0 / mechanism.epsilon) if pure else dp_accounting.NoOpDpEvent()
