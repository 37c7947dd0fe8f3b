"""What is done to private rows, as the accountant must know it: exactly what ran, or is to run."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from infra.errors import RecipeError


@dataclass(frozen=True)
class PrivateTraining:
    """Steps of DP-SGD: rows by Poisson sampling, gradients clipped one by one, Gaussian noise on their sum.

    Attributes:
        sampling_rate: with which probability each row, independently, is in a step.
        steps: how many steps took noise.
        noise_multiplier: standard deviation of the noise over the clip norm, which is how far one row more or less
            can move the sum.
        count_noise: standard deviation of the noise on the count of unclipped rows, of which adaptive clipping takes
            one a step, and to which each row gives 1/2 or -1/2 (Andrew et al. 2021, algorithm 1); 0: no such count.
        group_size: rows that one person has at most, each sampled on its own. More than 1: of a person, not a row.
    """

    sampling_rate: float
    steps: int
    noise_multiplier: float
    count_noise: float = 0.0
    group_size: int = 1
    kind: Literal["training"] = "training"

    def __post_init__(self) -> None:
        if not 0.0 < self.sampling_rate <= 1.0:
            raise _refused("sampling rate", self.sampling_rate, "above 0 and at most 1", "batch size or rows")
        if self.steps < 0:
            raise _refused("steps", self.steps, "0 or more", "epochs")
        if not 0.0 <= self.noise_multiplier < math.inf:
            raise _refused("noise multiplier", self.noise_multiplier, "0 or more", "noise")
        if not 0.0 <= self.count_noise < math.inf:
            raise _refused("noise of the count", self.count_noise, "0 or more", "noise of adaptive clipping")
        if self.group_size < 1:
            raise _refused("rows a person", self.group_size, "1 or more", "cap of rows a person")

    @property
    def effective_noise(self) -> float:
        """The noise multiplier of one Gaussian mechanism that tells as much as sum and count of a step together.

        Scaled by their noise, a row moves the pair by no more than sqrt(1/z^2 + 1/(2s)^2): theorem 1 of Andrew et al.
        2021, "Differentially private learning with adaptive clipping".
        """
        if not self.count_noise or not self.noise_multiplier:
            return self.noise_multiplier
        return float((self.noise_multiplier**-2 + (2.0 * self.count_noise) ** -2) ** -0.5)


@dataclass(frozen=True)
class Laplace:
    """Sums with continuous Laplace noise. `noise`: its scale over the L1 sensitivity. `count`: how often.

    A discrete Laplace is, at sensitivity 1, randomised response: account for it as `Guarantee(1 / noise)`.
    """

    noise: float
    count: int = 1
    kind: Literal["laplace"] = "laplace"

    def __post_init__(self) -> None:
        _check_noise(self.noise, self.count)


@dataclass(frozen=True)
class Gaussian:
    """Sums with Gaussian noise. `noise`: its standard deviation over the L2 sensitivity. `count`: how often."""

    noise: float
    count: int = 1
    kind: Literal["gaussian"] = "gaussian"

    def __post_init__(self) -> None:
        _check_noise(self.noise, self.count)


@dataclass(frozen=True)
class Guarantee:
    """A mechanism of which no more is known than that it is (epsilon, delta)-private."""

    epsilon: float
    delta: float = 0.0
    kind: Literal["guarantee"] = "guarantee"

    def __post_init__(self) -> None:
        if not 0.0 <= self.epsilon < math.inf:
            raise _refused("epsilon", self.epsilon, "0 or more", "epsilon")
        if not 0.0 <= self.delta < 1.0:
            raise _refused("delta", self.delta, "0 or more and below 1", "delta")


Mechanism = Annotated[PrivateTraining | Laplace | Gaussian | Guarantee, Field(discriminator="kind")]
_MECHANISMS: TypeAdapter[tuple[Mechanism, ...]] = TypeAdapter(tuple[Mechanism, ...])


def to_json(mechanisms: Sequence[Mechanism]) -> str:
    """Text of the mechanisms, each number to the last digit."""
    return _MECHANISMS.dump_json(tuple(mechanisms)).decode()


def from_json(text: str) -> tuple[Mechanism, ...]:
    """The mechanisms that `to_json` wrote."""
    return _MECHANISMS.validate_json(text)


def _check_noise(noise: float, count: int) -> None:
    if not 0.0 <= noise < math.inf:
        raise _refused("noise", noise, "0 or more", "noise")
    if count < 1:
        raise _refused("number of queries", count, "1 or more", "number of queries")


def _refused(what: str, found: float, allowed: str, change: str) -> RecipeError:
    return RecipeError(f"privacy: {what}", found=f"{found:g}", allowed=allowed, action=f"Change the {change}.")
