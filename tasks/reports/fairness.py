"""Whether a model treats groups of persons alike."""

from __future__ import annotations

from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field

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
        groups: in the order of their names; of numbers, in theirs.
        disparities: between groups, for example `demographic_parity_difference`, `equalized_odds_difference`,
            `average_odds_difference`, `selection_rate_standard_deviation`; `demographic_parity_ratio` is the disparate
            impact.
        reason: why there are no disparities; empty: there are.
        left_out: groups that all or some of the disparities leave out, and why.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    columns: tuple[str, ...]
    groups: tuple[Group, ...]
    disparities: dict[str, Interval]
    reason: str = ""
    left_out: dict[str, str] = Field(default={})

    @property
    def name(self) -> str:
        """The columns in words."""
        return " and ".join(self.columns)


class Proxy(BaseModel):
    """An input of the model that tells a protected column.

    Attributes:
        share: of what there is to know of the protected column, which the input tells: mutual information by entropy.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    column: str
    protected: str
    share: float


class FairnessReport(ReportPart):
    """Rates by group, and how far they are apart.

    Attributes:
        favourable: the class that a person would want.
        learned_from: protected columns that the model has as inputs.
        proxies: other inputs that tell protected columns, those that tell most first.
    """

    FILE: ClassVar[str] = "fairness.json"

    favourable: str
    confidence: float
    small_group: int
    learned_from: tuple[str, ...] = ()
    protected: tuple[Protected, ...]
    proxies: tuple[Proxy, ...] = ()


class TradeOff(BaseModel):
    """One way of training, and what it gives.

    Attributes:
        disparity: the worst over the protected columns.
        by_column: of each.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    mitigation: str
    quality: Interval
    disparity: Interval
    is_chosen: bool
    by_column: dict[str, Interval] = Field(default={})


class TradeOffReport(ReportPart):
    """Quality against disparity of several ways of training, on the same rows.

    Attributes:
        columns: that are protected.
        left_out: ways whose disparity can't be told, and why.
    """

    FILE: ClassVar[str] = "tradeoff.json"

    metric: str
    disparity: str
    columns: tuple[str, ...]
    confidence: float
    ways: tuple[TradeOff, ...]
    rows: int = 0
    left_out: dict[str, str] = Field(default={})


def told(disparity: str, interval: Interval) -> str:
    """What one disparity says, in a sentence that claims no more than its interval does."""
    name = disparity.replace("_", " ")
    if interval.low is None or interval.high is None:
        return f"{name} {interval}: too few rows to tell."
    is_ratio = disparity.endswith("_ratio")
    if is_ratio:
        is_apart, farthest = interval.high < 1, f"as low as {interval.low:.4g}"
    else:
        is_apart, farthest = interval.low > 0, f"as high as {interval.high:.4g}"
    if is_apart:
        return f"{name} {interval}: groups are treated differently."
    return f"{name} {interval}: the groups can't be told apart on these rows; it may be {farthest}."
