"""Epsilon of what ran, by two accountants."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from infra.errors import RecipeError
from tasks.dp.accounting.losses import loss_epsilon
from tasks.dp.accounting.mechanisms import Gaussian, Guarantee, Laplace, Mechanism, PrivateTraining
from tasks.dp.accounting.renyi import renyi_epsilon

HOPELESS = 1000.0
"""An epsilon above which nobody asks for the tight figure."""


@dataclass(frozen=True)
class Spent:
    """Upper bounds of epsilon at `delta`, one row (or person) added or removed: the tight one, and RDP's."""

    pld: float
    rdp: float
    delta: float


def epsilon(run: Mechanism | Sequence[Mechanism], delta: float, coarseness: float = 1.0) -> Spent:
    """What a mechanism, or several one after another, spend at `delta`.

    Several are composed as such, which is less than the sum of what each spends. The theorems take their parameters
    as set before the first of them ran.

    Args:
        coarseness: of PLD's grid; at 10 it takes less than half of the time, and is some 1e-4 of epsilon higher.

    Raises:
        RecipeError: `delta` is not between 0 and 1.
    """
    if not 0.0 < delta < 1.0:
        raise RecipeError(
            "privacy: delta", found=f"{delta:g}", allowed="above 0 and below 1 over the rows", action="Change delta."
        )
    mechanisms = (run,) if isinstance(run, PrivateTraining | Laplace | Gaussian | Guarantee) else tuple(run)
    return _epsilon(tuple(mechanism for mechanism in mechanisms if _tells(mechanism)), delta, coarseness)


def check_delta(delta: float, rows: int) -> None:
    """Refuse a delta at which to publish one row out of `rows`, picked at random, would count as private.

    Raises:
        RecipeError: it is not above 0 and below 1 / rows.
    """
    if not 0.0 < delta < 1.0 / max(rows, 1):
        raise RecipeError(
            "privacy: delta",
            found=f"{delta:g} with {rows} rows",
            allowed=f"above 0 and below 1/{rows} = {1.0 / max(rows, 1):.2g}: else publishing a row would be private",
            action="Choose a smaller delta.",
        )


@lru_cache(maxsize=1024)
def _epsilon(mechanisms: tuple[Mechanism, ...], delta: float, coarseness: float) -> Spent:
    if not all(_noisy(mechanism) for mechanism in mechanisms):
        return Spent(math.inf, math.inf, delta)
    rdp = renyi_epsilon(mechanisms, delta)
    if rdp > HOPELESS and rdp < math.inf:
        return Spent(rdp, rdp, delta)
    loss = loss_epsilon(mechanisms, delta, coarseness * _interval(mechanisms, rdp))
    return Spent(min(loss, rdp, _added(mechanisms, delta, coarseness)), rdp, delta)


def _added(mechanisms: tuple[Mechanism, ...], delta: float, coarseness: float) -> float:
    """The sum of the guarantees' epsilons and what all others spend at the delta that those leave; infinite if none.

    A grid of losses rounds up: of few guarantees it finds more than they say, above all where they take all of delta.
    """
    told = [mechanism for mechanism in mechanisms if isinstance(mechanism, Guarantee)]
    others = tuple(mechanism for mechanism in mechanisms if not isinstance(mechanism, Guarantee))
    left = delta - math.fsum(mechanism.delta for mechanism in told)
    if not told or left < 0.0 or (others and left == 0.0):
        return math.inf
    rest = _epsilon(others, left, coarseness).pld if others else 0.0
    return math.fsum(mechanism.epsilon for mechanism in told) + rest


def _interval(mechanisms: tuple[Mechanism, ...], rdp: float) -> float:
    """Which losses to tell apart, by a power of two times 1e-4.

    What rounding adds grows with the number of steps and the square of the interval; so measured, this keeps it near
    a ten-thousandth of epsilon. A guarantee's epsilon is itself rounded up to the grid.
    """
    steps = sum(mechanism.steps if isinstance(mechanism, PrivateTraining) else 1 for mechanism in mechanisms)
    scale = min(max(rdp, 1e-3), HOPELESS)
    finest = scale / 50_000.0
    coarsest = 1e-4 if any(isinstance(mechanism, Guarantee | Laplace) for mechanism in mechanisms) else scale / 500.0
    wanted = min(max(math.sqrt(1e-4 * scale / max(steps, 1)), finest), max(coarsest, finest))
    return float(1e-4 * 2.0 ** math.floor(math.log2(wanted / 1e-4)))


def _tells(mechanism: Mechanism) -> bool:
    match mechanism:
        case PrivateTraining():
            return mechanism.steps > 0
        case Guarantee():
            return mechanism.epsilon > 0.0 or mechanism.delta > 0.0
        case _:
            return True


def _noisy(mechanism: Mechanism) -> bool:
    match mechanism:
        case PrivateTraining():
            return mechanism.noise_multiplier > 0.0
        case Laplace() | Gaussian():
            return mechanism.noise > 0.0
        case Guarantee():
            return True
