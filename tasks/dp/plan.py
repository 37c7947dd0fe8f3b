"""What a private training is to run, settled before its first step, as accountant, ledger and trainer all take it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from infra.errors import RecipeError
from tasks.dp.accounting.mechanisms import Mechanism, PrivateTraining
from tasks.dp.accounting.noise import noise_for
from tasks.dp.accounting.spent import check_delta
from tasks.dp.config import PrivacyOptions

COUNT_NOISE_SHARE = 1 / 20  # of the expected batch, as Andrew et al. 2021 recommend
FEATURES_DELTA_SHARE = 1 / 100  # of delta: little, for what a budget's delta gives to them is gone for good


@dataclass(frozen=True)
class PrivatePlan:
    """The mechanism, and what it is said to protect.

    Attributes:
        mechanism: all steps; its noise multiplier is that of the sum of gradients.
        delta: at which epsilon is told.
        rows: that are learned from; each is in a step with the mechanism's sampling rate.
        persons: whose rows they are; as many as rows where a row is the unit.
        batch_size: rows that a step has on average, by which sums are divided.
        preprocessing: the noisy statistics that features are made of, before the first step.
    """

    mechanism: PrivateTraining
    delta: float
    rows: int
    persons: int
    batch_size: float
    preprocessing: tuple[Mechanism, ...] = ()

    @property
    def mechanisms(self) -> tuple[Mechanism, ...]:
        """All that is to run."""
        return (*self.preprocessing, self.mechanism)


def plan_training(
    options: PrivacyOptions,
    batch_size: int,
    epochs: int,
    rows: int,
    persons: int,
    preprocessing: Sequence[Mechanism] = (),
) -> PrivatePlan:
    """The plan for options that are on.

    Args:
        preprocessing: what the features spend, where options say that they do; the noise is for what is left.

    Raises:
        RecipeError: delta is not below 1/n, or what preprocessing spends is not told.
        BudgetError: no noise keeps the target.
    """
    if (options.preprocessing == "spent") != bool(preprocessing):
        raise RecipeError(
            "train.privacy.preprocessing",
            found=f"{options.preprocessing} with {len(preprocessing)} statistics",
            allowed="spent where there are some, and public where there are none",
            action="Train by a recipe.",
        )
    delta, before = delta_of(options, persons), tuple(preprocessing)
    rate = min(1.0, batch_size / rows)
    steps = max(1, round(epochs / rate))
    group = options.rows_per_user
    noise = options.noise_multiplier or noise_for(
        options.target_epsilon, delta, rate, steps, group_size=group, before=before
    )
    expected = rate * rows
    count_noise = (options.adaptive.count_noise or COUNT_NOISE_SHARE * expected) if options.adaptive.quantile else 0.0
    of_sum = noise_of_sum(noise, count_noise) if count_noise else noise
    training = PrivateTraining(rate, steps, of_sum, count_noise, group)
    return PrivatePlan(training, delta, rows, persons, expected, before)


def delta_of(options: PrivacyOptions, persons: int) -> float:
    """At which epsilon is told.

    Raises:
        RecipeError: it is not below 1/n.
    """
    delta = options.delta or automatic_delta(persons)
    check_delta(delta, persons)
    return delta


def spent_on_features(options: PrivacyOptions, delta: float) -> tuple[float, float]:
    """Epsilon and delta that features may spend by themselves, of a training that tells epsilon at `delta`."""
    return options.preprocessing_share * options.target_epsilon, FEATURES_DELTA_SHARE * delta


def automatic_delta(persons: int) -> float:
    """1 / (n ln n), below 1/n by the factor ln n: 10 for 22,000 persons.

    At 1/n a mechanism that publishes one row at random would pass (Dwork and Roth 2014, section 2.3). For any n that
    fits into a machine it is below 1/n^1.1, which Ponomareva et al. 2023 advise.

    Raises:
        RecipeError: there are fewer than three.
    """
    if persons < 3:
        raise RecipeError(
            "train.privacy", found=f"{persons} to learn from", allowed="three or more", action="Give more rows."
        )
    return 1.0 / (persons * math.log(persons))


def noise_of_sum(noise: float, count_noise: float) -> float:
    """The noise multiplier of the sum that, together with the noise on the count, makes `noise` in all.

    Theorem 1 of Andrew et al. 2021: 1/z^2 = 1/z_sum^2 + 1/(2 s)^2, s being the standard deviation on the count.

    Raises:
        RecipeError: the count alone tells more than that.
    """
    left = noise**-2 - (2.0 * count_noise) ** -2
    if left <= 0.0:
        raise RecipeError(
            "train.privacy.adaptive.count_noise",
            found=f"{count_noise:g}",
            allowed=f"above half of the noise multiplier {noise:.3g}",
            action="Raise it, or batch_size.",
        )
    return float(left**-0.5)
