"""What a model must reach to be promoted."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from tasks.options import Options


class Threshold(Options):
    """One bound on one metric of the candidate."""

    metric: str = Field(description="Name of a metric that the evaluation measures.")
    bound: float = Field(description="The bound, in the metric's unit.")
    kind: Literal["minimum", "maximum"] = Field(default="minimum", description="Which side of the bound passes.")


class GateOptions(Options):
    """Every check must pass; one that can't run counts as failed."""

    thresholds: list[Threshold] = Field(min_length=1, description="Bounds on the candidate's metrics.")
    primary_metric: str = Field(description="Metric by which the candidate is compared with parent and champion.")
    higher_is_better: bool = Field(default=True, description="Whether more of the primary metric is better.")
    max_loss_to_parent: float = Field(default=0.01, ge=0, description="What compression may cost, in that metric.")
    max_loss_to_champion: float = Field(default=0.005, ge=0, description="How far below the champion is still allowed.")
    max_slice_gap: float = Field(
        default=0.0,
        ge=0,
        description="How far below all rows the worst slice may fall, in the slices' metric; 0: without a bound.",
    )
    max_epsilon: float = Field(
        default=0.0, ge=0, description="The most that a private training may have spent; 0: whatever its budget allows."
    )
