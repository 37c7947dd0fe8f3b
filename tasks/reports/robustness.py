"""How good a model still is when its input is disturbed."""

from __future__ import annotations

from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field

from tasks.reports.files import ReportPart
from tasks.reports.interval import Interval


class Disturbance(BaseModel):
    """One way of disturbing rows, at one strength.

    Attributes:
        name: for example `typos`, `letter case`, `noise`, `FGSM`.
        strength: in words, for example `1 in 10 words`, `0.1 standard deviations`.
        metric: of the disturbed rows.
        flipped: share of the rows whose answer changed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    name: str
    strength: str
    metric: Interval
    flipped: float


class RobustnessReport(ReportPart):
    """One metric of the same rows, as they are and disturbed.

    Attributes:
        left_out: disturbances that were asked for and could not be made, with the reason.
    """

    FILE: ClassVar[str] = "robustness.json"

    metric: str
    confidence: float
    rows: int
    clean: Interval
    disturbances: tuple[Disturbance, ...]
    left_out: dict[str, str] = Field(default={})
