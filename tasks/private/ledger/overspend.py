"""Why a run can't have what it asks for, and what would fit."""

from __future__ import annotations

import math
from collections.abc import Sequence

from infra.errors import BudgetError
from tasks.dp.accounting.mechanisms import Mechanism, PrivateTraining
from tasks.dp.accounting.noise import noise_for, steps_within
from tasks.private.ledger.budget import Budget

LEAST = 0.01
"""Of a budget: when so little is left, nobody looks for what fits into it."""


def overspend(budget: Budget, wanted: Sequence[Mechanism], what: str) -> BudgetError:
    """The error for a run that would spend more than is left."""
    spent = budget.spent()
    left = max(0.0, budget.epsilon - spent)
    return BudgetError(
        f"privacy budget {budget.name}",
        found=f"{what}, with which {budget.spent(wanted):.4g} would be spent (so far {spent:.4g})",
        allowed=f"epsilon {budget.epsilon:g} at delta {budget.delta:.3g} in all, {left:.4g} of which is left",
        action=_what_fits(budget, wanted, left),
    )


def _what_fits(budget: Budget, wanted: Sequence[Mechanism], left: float) -> str:
    officer = "Or have a privacy officer raise the budget: `lepton privacy budget set`."
    if left <= LEAST * budget.epsilon:
        return "Nothing fits. Have a privacy officer raise the budget: `lepton privacy budget set`."
    if len(wanted) != 1 or not isinstance(wanted[0], PrivateTraining):
        return f"Ask for less. {officer}"
    training = wanted[0]
    fitting = [*_epochs(budget, training), *_noise(budget, training)]
    return f"{'. '.join(fitting) or 'No epoch of this batch size and noise fits'}. {officer}"


def _epochs(budget: Budget, training: PrivateTraining) -> list[str]:
    steps = steps_within(
        budget.epsilon,
        budget.delta,
        training.sampling_rate,
        training.noise_multiplier,
        training.count_noise,
        training.group_size,
        budget.mechanisms,
    )
    epochs = int((min(steps, training.steps) + 0.5) * training.sampling_rate)  # as epochs / rate is rounded to steps
    noise = f"{_up(training.effective_noise):g}"
    return [f"With this noise (train.privacy.noise_multiplier={noise}) {epochs} epochs fit"] if epochs else []


def _noise(budget: Budget, training: PrivateTraining) -> list[str]:
    try:
        noise = noise_for(
            budget.epsilon,
            budget.delta,
            training.sampling_rate,
            training.steps,
            0.0,  # a recipe gives the noise on sum and count together
            training.group_size,
            budget.mechanisms,
        )
    except BudgetError:
        return []
    return [f"All {training.steps} steps fit with train.privacy.noise_multiplier={_up(noise):g} in place of a target"]


def _up(value: float) -> float:
    """To four digits, and not below the value."""
    unit = 10.0 ** (math.floor(math.log10(value)) - 3)
    return math.ceil(value / unit) * unit
