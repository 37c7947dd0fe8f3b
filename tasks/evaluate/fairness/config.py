"""Whose treatment is compared."""

from __future__ import annotations

import re
from typing import Literal, Self

from pydantic import Field, model_validator

from tasks.options import Options

Disparity = Literal[
    "demographic_parity_difference",
    "demographic_parity_ratio",
    "equal_opportunity_difference",
    "equal_opportunity_ratio",
    "equalized_odds_difference",
    "equalized_odds_ratio",
    "average_odds_difference",
]


class FairnessOptions(Options):
    """Rates by group of persons, and how far groups are apart."""

    protected: list[str] = Field(
        default=[], description="Columns that say who belongs to which group; none: fairness is not measured."
    )
    favourable: str = Field(
        default="", description="The class that a person would want; empty: the second of two labels."
    )
    small_group: int = Field(
        default=30, ge=2, description="Groups of fewer test rows are marked, and left out of the disparities."
    )
    intersections: bool = Field(default=True, description="Whether groups of all protected columns are crossed too.")
    allow_as_features: bool = Field(
        default=False, description="Whether the model may have protected columns among its inputs."
    )
    disparity: Disparity = Field(
        default="average_odds_difference", description="What the trade-off against accuracy goes by."
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        names = [figure_name(column) for column in self.protected]
        alike = [column for column, name in zip(self.protected, names, strict=True) if names.count(name) > 1]
        if alike:
            raise ValueError(f"protected: found {', '.join(alike)}, which figures would call the same; rename one")
        return self


def figure_name(column: str) -> str:
    """What figures call a column: metrics have small letters, digits and `_`."""
    return re.sub(r"[^a-z0-9]+", "_", column.lower()).strip("_")
