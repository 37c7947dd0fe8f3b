"""What a search for better options may change, and what it goes by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from tasks.options import Options

FALLING = ("loss", "rmse", "mae", "mse", "error")
"""Words in the name of a metric that is better where it is smaller."""


class SearchRange(Options):
    """The values that a search may give to one option."""

    option: str = Field(
        pattern=r"^train(\.[a-z0-9_]+)+$", description="Which option, such as train.optimizer.learning_rate."
    )
    kind: Literal["number", "whole", "choice"] = Field(
        default="number", description="Any number from low to high, whole ones only, or one of `choices`."
    )
    low: float = Field(default=0.0, allow_inf_nan=False, description="Smallest number.")
    high: float = Field(default=0.0, allow_inf_nan=False, description="Largest number.")
    step: float = Field(
        default=0.0, ge=0, allow_inf_nan=False, description="Distance of the numbers from each other; 0: none is set."
    )
    log: bool = Field(default=False, description="Whether equal ratios count alike, not equal differences.")
    choices: list[str] = Field(default=[], description='Values as a recipe has them, such as "32" or "[128, 64]".')

    @model_validator(mode="before")
    @classmethod
    def _tell_kind(cls, values: Any) -> Any:
        """Choices need no word that they are some."""
        is_told = not isinstance(values, Mapping) or "kind" in values or not values.get("choices")
        return values if is_told else {**values, "kind": "choice"}

    @model_validator(mode="after")
    def _check(self) -> Self:
        self._check_choices() if self.kind == "choice" else self._check_numbers()
        return self

    def _check_choices(self) -> None:
        if len(set(self.choices)) < 2 or len(set(self.choices)) < len(self.choices):
            raise ValueError(f"choices: found {self.choices}; give two or more that differ")
        if self.low or self.high or self.step or self.log:
            raise ValueError("choices: found beside low, high, step or log; these are for numbers, leave them out")

    def _check_numbers(self) -> None:
        if self.choices:
            raise ValueError(f"choices: found with kind {self.kind}; set kind to choice, or leave them out")
        if self.low > self.high:
            raise ValueError(f"low: found {self.low:g}, above high {self.high:g}; let low be below high")
        if self.low == self.high:
            raise ValueError(f"low: found {self.low:g}, as large as high; an empty range, let low be below high")
        if self.log and (self.low <= 0 or self.step):
            raise ValueError(f"log: found with low {self.low:g} and step {self.step:g}; low above 0, and no step")
        if self.step > self.high - self.low:
            raise ValueError(f"step: found {self.step:g}, longer than from low to high; make it smaller")
        broken = [value for value in (self.low, self.high, self.step) if not value.is_integer()]
        if self.kind == "whole" and broken:
            raise ValueError(f"kind: found whole with {broken[0]:g}; low, high and step must be whole too")


class TuneOptions(Options):
    """A search: over what, and by which measure."""

    metric: str = Field(
        default="val_loss",
        pattern=r"^val_[a-z0-9_]+$",
        description="What is to become better, measured on rows kept back from training, such as val_accuracy.",
    )
    direction: Literal["by_name", "maximize", "minimize"] = Field(
        default="by_name", description="Which way is better; by_name: losses and errors down, all else up."
    )
    validation_share: float = Field(
        default=0.2,
        gt=0,
        lt=1,
        description="Share of the train rows kept back from every trial, where train.validation_share is 0.",
    )
    pruner: Literal["hyperband", "none"] = Field(
        default="hyperband", description="How trials that fall behind are stopped early; none: they are not."
    )
    first_epochs: int = Field(
        default=1, ge=1, description="Epochs before which no trial is stopped for falling behind."
    )
    reduction_factor: int = Field(
        default=3, ge=2, description="Of so many trials that come equally far one may go on, and so many times as far."
    )
    random_trials: int = Field(default=10, ge=1, description="Trials drawn by chance before the sampler learns.")
    seed: int = Field(default=7, ge=0, description="Seed of the draws.")
    space: list[SearchRange] = Field(default=[], description="The options to search over, with their ranges.")

    @model_validator(mode="after")
    def _check(self) -> Self:
        names = [one.option for one in self.space]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"space: found {twice[0]} twice; name each option once")
        return self

    @property
    def maximizes(self) -> bool:
        """Whether more of the metric is better."""
        if self.direction == "by_name":
            return not any(word in FALLING for word in self.metric.split("_"))
        return self.direction == "maximize"
