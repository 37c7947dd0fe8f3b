"""How much noise, or how few steps, keep a training within an epsilon."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from infra.errors import BudgetError, RecipeError
from tasks.dp.accounting.mechanisms import Mechanism, PrivateTraining
from tasks.dp.accounting.renyi import renyi_epsilon
from tasks.dp.accounting.spent import epsilon

MOST = 1e6
"""Of noise, and of steps: beyond it nothing is looked for."""
CLOSE = 3e-4
"""By which share of the target the result may spend less than it could."""


def noise_for(
    target_epsilon: float,
    delta: float,
    sampling_rate: float,
    steps: int,
    count_noise: float = 0.0,
    group_size: int = 1,
    before: Sequence[Mechanism] = (),
) -> float:
    """The least noise multiplier with which epsilon by PLD is at most `target_epsilon`, and above 0.9997 times it.

    With `count_noise` it is the noise on the gradients that is left when the count has its own
    (see `PrivateTraining`). What `before` spent counts towards the target.

    Raises:
        BudgetError: no noise keeps within it, for `before` or the count alone spend as much.
        RecipeError: the target is not above 0, or another value is out of its range.
    """
    check_target(target_epsilon)

    def run(noise: float) -> tuple[Mechanism, ...]:
        return (*before, PrivateTraining(sampling_rate, steps, noise, count_noise, group_size))

    noise = _least(run, target_epsilon, delta)
    if noise is None:
        raise BudgetError(
            f"epsilon {target_epsilon:g}",
            found="no noise that keeps within it",
            allowed="a target above what was spent before, and what the count of adaptive clipping spends",
            action="Ask for a larger epsilon, or for more noise on that count.",
        )
    return noise


def steps_within(
    target_epsilon: float,
    delta: float,
    sampling_rate: float,
    noise: float,
    count_noise: float = 0.0,
    group_size: int = 1,
    before: Sequence[Mechanism] = (),
) -> int:
    """The most steps with which epsilon by PLD is at most `target_epsilon`, near 3 in 10,000; 0: not even one is.

    Args: as of `noise_for`.

    Raises:
        RecipeError: the target is not above 0, or another value is out of its range.
    """
    check_target(target_epsilon)

    def run(inverse: float) -> tuple[Mechanism, ...]:
        steps = max(1, round(1.0 / inverse))
        return (*before, PrivateTraining(sampling_rate, steps, noise, count_noise, group_size))

    if not noise or epsilon(run(1.0), delta).pld > target_epsilon:
        return 0
    if renyi_epsilon(run(1.0 / MOST), delta) <= target_epsilon:
        return int(MOST)
    inverse = _least(run, target_epsilon, delta)
    return max(1, round(1.0 / inverse)) if inverse else 0


def check_target(target_epsilon: float) -> None:
    """Raises RecipeError where the target is not a number above 0."""
    if not 0.0 < target_epsilon < math.inf:
        raise RecipeError(
            "privacy: target epsilon",
            found=f"{target_epsilon:g}",
            allowed="a number above 0",
            action="Ask for a larger epsilon.",
        )


def _least(run: Callable[[float], tuple[Mechanism, ...]], target: float, delta: float) -> float | None:
    """The least x at which `run(x)` spends no more than `target`, where more x spend less; None: there is none.

    RDP, which takes no time, tells where to look.
    """

    def by_rdp(x: float) -> float:
        return _excess(renyi_epsilon(run(x), delta), target)

    def by_pld(x: float) -> float:
        return _excess(epsilon(run(x), delta).pld, target)

    return _edge(by_pld, 0.92 * (_edge(by_rdp, 1.0, 0.01) or 1.0), CLOSE)


def _excess(spent: float, target: float) -> float:
    """Logarithm of what is spent over the target, within bounds that a search can take."""
    return min(max(math.log(max(spent, 1e-9) / target), -5.0), 5.0)


def _edge(excess: Callable[[float], float], guess: float, close: float) -> float | None:
    """The least x at which the falling function is between -`close` and 0, or its sign changes within `close`.

    By regula falsi on the logarithm of x, in which what is spent is nearly straight, with the Illinois rule.
    """
    if excess(MOST) > 0.0:
        return None
    x, at, stride = guess, excess(guess), close
    low, over, high, under = (x, at, 0.0, 0.0) if at > 0.0 else (0.0, 0.0, x, at)  # 0: not seen yet
    while not -close <= at <= 0.0 and not (low and high and high / low - 1.0 <= close) and high != 1.0 / MOST:
        if low and high:
            part = (over + close / 2.0) / (over - under)
            x = low * (high / low) ** min(max(part, 0.01), 0.99)
        else:
            stride = max(2.0 * stride, min(1.2 * abs(at), 1.0) + close)  # doubled, for it may be flat there
            x = min(max(x * math.exp(math.copysign(stride, at)), 1.0 / MOST), MOST)
        before, at = at, excess(x)
        again = (at > 0.0) == (before > 0.0)  # the other end stays a second time, and counts half
        if at > 0.0:
            low, over, under = x, at, under / 2.0 if again else under
        else:
            high, under, over = x, at, over / 2.0 if again else over
    return high
