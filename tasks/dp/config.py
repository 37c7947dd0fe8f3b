"""How to train on private rows."""

from __future__ import annotations

import math
from typing import Literal, Self

from pydantic import Field, model_validator

from tasks.options import Options


class AdaptiveClipOptions(Options):
    """A clip norm that follows a quantile of the gradients' norms (Andrew et al. 2021)."""

    quantile: float = Field(
        default=0.0, ge=0, lt=1, description="Share of the gradients that are to stay unclipped; 0: the norm is fixed."
    )
    learning_rate: float = Field(
        default=0.2, gt=0, allow_inf_nan=False, description="How fast the norm moves, on a scale of logarithms."
    )
    count_noise: float = Field(
        default=0.0,
        ge=0,
        allow_inf_nan=False,
        description="Standard deviation of the noise on how many gradients were unclipped; 0: batch_size / 20.",
    )


class BoundsOptions(Options):
    """Where a number column's values lie, as one knows without the data."""

    column: str = Field(min_length=1, description="Number column.")
    low: float = Field(allow_inf_nan=False, description="Least value; what is below counts as it.")
    high: float = Field(allow_inf_nan=False, description="Greatest value; what is above counts as it.")

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not (self.low < self.high and math.isfinite(self.high - self.low)):
            raise ValueError(f"bounds of {self.column}: found {self.low:g} to {self.high:g}; give the lower one first")
        return self


class PrivacyOptions(Options):
    """Differentially private training; off while neither `target_epsilon` nor `noise_multiplier` is given."""

    target_epsilon: float = Field(
        default=0.0,
        ge=0,
        allow_inf_nan=False,
        description="What the training may spend; the noise follows. 0: no target.",
    )
    noise_multiplier: float = Field(
        default=0.0,
        ge=0,
        allow_inf_nan=False,
        description="In place of a target: standard deviation of the noise over the clip norm.",
    )
    delta: float = Field(default=0.0, ge=0, lt=1, description="Below 1/n, n being rows or persons; 0: 1 / (n ln n).")
    clip: float = Field(
        default=1.0,
        gt=0,
        allow_inf_nan=False,
        description="Longest gradient of a row; the norm to begin with if adaptive.",
    )
    clipping: Literal["flat", "per_layer"] = Field(
        default="flat", description="Whether a row's gradient is clipped as a whole, or each layer's part of it."
    )
    adaptive: AdaptiveClipOptions = Field(default=AdaptiveClipOptions(), description="A clip norm found on the way.")
    unit: Literal["example", "user"] = Field(
        default="example", description="What the guarantee protects: a row, or all rows of a person."
    )
    user: str = Field(default="", description="Column that says whose a row is, for the unit user.")
    rows_per_user: int = Field(default=1, ge=1, description="Rows of one person that are learned from, at most.")
    preprocessing: Literal["undeclared", "public", "spent"] = Field(
        default="undeclared",
        description="`public` declares that what is made of the data before training gives nothing away: cleaning, "
        "labels, categories, bins, scales, tables of users and items, and the model of start_from. `spent`, of a "
        "tabular model: categories, bins and scales come from noisy statistics, and only cleaning is declared so.",
    )
    preprocessing_share: float = Field(
        default=0.1, gt=0, lt=1, description="Share of target_epsilon that preprocessing may spend, if it is spent for."
    )
    bounds: list[BoundsOptions] = Field(
        default=[], description="Of every number column, where its values lie, if preprocessing is spent for."
    )
    classes: list[str] = Field(default=[], description="All labels that there may be, if preprocessing is spent for.")
    seeded_noise: bool = Field(
        default=False, description="Noise and samples from the seed, for tests: the model is not private, and says so."
    )

    @property
    def is_on(self) -> bool:
        """Whether training is to be private."""
        return bool(self.target_epsilon or self.noise_multiplier)

    @property
    def has_secret_noise(self) -> bool:
        """Whether it is to be private by noise that nobody can compute and take off again."""
        return self.is_on and not self.seeded_noise

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.target_epsilon and self.noise_multiplier:
            raise ValueError("target_epsilon, noise_multiplier: found both; each follows from the other, give one")
        if not self.is_on:
            others = [name for name in type(self).model_fields if self._is_given(name)]
            if others:
                raise ValueError(
                    f"target_epsilon: found 0 with {', '.join(others)}; give an epsilon above 0, or leave them out: "
                    "training would not be private"
                )
            return self
        if self.preprocessing == "undeclared":
            raise ValueError(
                "preprocessing: found undeclared; labels, categories, bins and the like are read from the rows and "
                "are in the model, which no noise covers: set it to public if these are known to everybody anyway, or "
                "of a tabular model to spent"
            )
        self._check_preprocessing()
        if (self.unit == "user") != bool(self.user):
            raise ValueError(
                f"user: found {self.user!r} with unit {self.unit}; the unit user needs its column, no other"
            )
        if self.unit == "example" and self.rows_per_user > 1:
            raise ValueError(f"rows_per_user: found {self.rows_per_user} with unit example; set unit to user")
        return self

    def _check_preprocessing(self) -> None:
        if self.preprocessing != "spent":
            others = [name for name in ("preprocessing_share", "bounds", "classes") if self._is_given(name)]
            if others:
                raise ValueError(f"preprocessing: found public with {', '.join(others)}; set it to spent")
            return
        if not self.target_epsilon:
            raise ValueError("preprocessing: found spent without target_epsilon, of which it has a share; give one")
        if self.seeded_noise:
            raise ValueError("seeded_noise: found with preprocessing spent, whose noise has no seed; leave one out")
        if len(set(self.classes)) < 2 or len(set(self.classes)) < len(self.classes):
            raise ValueError(
                f"classes: found {self.classes} with preprocessing spent; name all labels that there may be, each "
                "once, from what you know without the data"
            )

    def _is_given(self, name: str) -> bool:
        return bool(getattr(self, name) != self._default(name))

    @classmethod
    def _default(cls, name: str) -> object:
        return cls.model_fields[name].default
