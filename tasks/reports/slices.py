"""How good a model is for parts of the rows."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from tasks.reports.files import ReportPart
from tasks.reports.interval import Interval


class Slice(BaseModel):
    """Rows that a condition picks.

    Attributes:
        name: the condition in words, for example `sex = Female and age 17 to 25`.
        found: named by the recipe, or found by search. The interval of one that was found is wider, for it was picked.
        rows: that it was measured on.
        rest: the metric of the other rows.
        p_value: of being no worse than the other rows, adjusted for how many slices were looked at; None: not tested.
        is_small: too few rows to conclude from.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    name: str
    found: Literal["recipe", "automatic"]
    rows: int
    metric: Interval
    rest: float
    p_value: float | None = None
    is_small: bool = False


class SliceReport(ReportPart):
    """One metric by slice, the worst first.

    Attributes:
        metric: which; higher is better.
        whole: of all rows.
        searched: how many slices the search looked at.
        judged_on: rows that found slices were measured on.
        left_out: ways to part rows that the model's privacy forbids, with the reason.
        is_halved: whether they were found on other rows than these; if not, they look worse than they are.
    """

    FILE: ClassVar[str] = "slices.json"

    metric: str
    confidence: float
    whole: float
    searched: int
    judged_on: int = 0
    is_halved: bool = False
    left_out: dict[str, str] = Field(default={})
    slices: tuple[Slice, ...]
