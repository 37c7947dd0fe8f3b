"""A number with how sure it is."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Interval(BaseModel):
    """A value and the bounds of its confidence interval.

    Attributes:
        low, high: None where there are too few rows to tell.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    value: float
    low: float | None
    high: float | None

    def __str__(self) -> str:
        told = f"{self.value:.4g}"
        return told if self.low is None or self.high is None else f"{told} ({self.low:.4g} to {self.high:.4g})"
