"""Whether a model treats groups of persons alike."""

from __future__ import annotations

from typing import ClassVar

from pydantic import BaseModel, ConfigDict

from tasks.reports.files import ReportPart
from tasks.reports.interval import Interval


class Group(BaseModel):
    """Persons who share the value of a protected column, or of several.

    Attributes:
        name: for example `Female`, `Female, Black`.
        rates: `selection_rate`, `accuracy`, `false_positive_rate`, `false_negative_rate`; a rate that no row of the
            group can tell is left out.
        is_small: fewer rows than the recipe asks for; shown, and left out of the disparities.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    rows: int
    rates: dict[str, Interval]
    is_small: bool = False


class Protected(BaseModel):
    """What was found of one protected column, or of the crossing of several.

    Attributes:
        columns: one, or several that are crossed.
        disparities: between groups, for example `demographic_parity_difference`, `equalized_odds_difference`,
            `average_odds_difference`, `disparate_impact`, `selection_rate_standard_deviation`.
        reason: why there are no disparities; empty: there are.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    columns: tuple[str, ...]
    groups: tuple[Group, ...]
    disparities: dict[str, Interval]
    reason: str = ""

    @property
    def name(self) -> str:
        """The columns in words."""
        return " and ".join(self.columns)


class FairnessReport(ReportPart):
    """Rates by group, and how far they are apart.

    Attributes:
        favourable: the class that a person would want.
        learned_from: protected columns that the model has as inputs.
    """

    FILE: ClassVar[str] = "fairness.json"

    favourable: str
    confidence: float
    small_group: int
    learned_from: tuple[str, ...] = ()
    protected: tuple[Protected, ...]


class TradeOff(BaseModel):
    """One way of training, and what it gives."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    mitigation: str
    quality: Interval
    disparity: Interval
    is_chosen: bool


class TradeOffReport(ReportPart):
    """Quality against disparity of several ways of training, on the same rows."""

    FILE: ClassVar[str] = "tradeoff.json"

    metric: str
    disparity: str
    columns: tuple[str, ...]
    confidence: float
    ways: tuple[TradeOff, ...]
