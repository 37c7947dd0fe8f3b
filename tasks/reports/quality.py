"""How good a model is, how sure that is, and what its probabilities are worth."""

from __future__ import annotations

from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field

from tasks.reports.files import ReportPart
from tasks.reports.interval import Interval


class QualityReport(ReportPart):
    """Metrics of the test split, each with its interval.

    Attributes:
        confidence: of the intervals, for example 0.95.
        resamples: bootstrap samples that they come from; 0: none were drawn.
        shares: metrics that are shares of rows: their intervals are Wilson's, and need no samples.
    """

    FILE: ClassVar[str] = "quality.json"

    confidence: float
    resamples: int
    rows: int
    metrics: dict[str, Interval]
    shares: tuple[str, ...] = ()


class Bin(BaseModel):
    """Rows whose surest class has a probability in a range: what is promised and what holds."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    low: float
    high: float
    rows: int
    confidence: float = Field(description="Mean probability of the class told.")
    accuracy: Interval


class CalibrationReport(ReportPart):
    """Whether probabilities are shares: expected and largest calibration error, by bins of equal width.

    Attributes:
        output: which of several heads; empty: the model has one output.
        brier: mean squared distance of probabilities from the truth; of two classes that of one of them.
    """

    FILE: ClassVar[str] = "calibration.json"

    output: str = ""
    confidence: float = 0.95
    rows: int = 0

    expected_error: Interval
    largest_error: float
    brier: float
    bins: tuple[Bin, ...]


class Difference(BaseModel):
    """One metric of two models on the same rows.

    Attributes:
        difference: candidate less champion, with its interval by paired resampling.
        p_value: of no difference, two-sided; None where the test can't be made.
        test: how it was tested.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    metric: str
    candidate: float
    champion: float
    difference: Interval
    p_value: float | None
    test: str


class ComparisonReport(ReportPart):
    """The candidate beside the champion on the same rows.

    Attributes:
        champion: its address; empty where there is none.
        reason: why they were not compared; empty: they were.
        unknown_labels: labels of the rows that the champion never saw.
    """

    FILE: ClassVar[str] = "comparison.json"

    champion: str = ""
    reason: str = ""
    confidence: float = 0.95
    rows: int = 0
    unknown_labels: tuple[str, ...] = ()
    differences: tuple[Difference, ...] = ()
