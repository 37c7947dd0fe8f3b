"""How good a model is for parts of the rows."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict

from tasks.reports.files import ReportPart
from tasks.reports.interval import Interval


class Slice(BaseModel):
    """Rows that a condition picks.

    Attributes:
        name: the condition in words, for example `sex = Female and age 17 to 25`.
        found: named by the recipe, or found by search.
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
    """

    FILE: ClassVar[str] = "slices.json"

    metric: str
    confidence: float
    whole: float
    searched: int
    slices: tuple[Slice, ...]
