"""What moves a model's answers."""

from __future__ import annotations

from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field

from tasks.reports.files import ReportPart
from tasks.reports.interval import Interval


class Contribution(BaseModel):
    """What one part of a row, a column or a token, adds to what is explained."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    part: str
    value: str
    weight: float


class Faithfulness(BaseModel):
    """Whether what an explanation calls important is.

    Attributes:
        deletion: mean of the explained output while parts are taken away, most important first; lower is better.
        random: the same in random orders, with the interval of the difference `random - deletion`.
        is_faithful: whether that interval lies above 0.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    deletion: float
    random: float
    gain: Interval
    is_faithful: bool


class LocalExplanation(BaseModel):
    """Why one row got its answer.

    Attributes:
        base: the output with nothing known of the row.
        output: what the model gives for the row; of gradients, what the floating-point model gives.
        contributions: of a text in the order of its words, else by size.
        faithfulness: None where the row has too few parts to tell.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    method: str
    explained: str
    base: float
    output: float
    contributions: tuple[Contribution, ...]
    faithfulness: Faithfulness | None = None
    is_text: bool = False

    @property
    def unexplained(self) -> float:
        """What base and contributions are short of the output by."""
        return self.output - self.base - sum(part.weight for part in self.contributions)


class Importance(BaseModel):
    """How much one column or word moves answers: the mean size of its contributions over all rows that were explained.

    Attributes:
        rows: how many of these have it; the others count as 0.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    part: str
    importance: Interval
    rows: int


class GlobalExplanation(BaseModel):
    """What one method found over many rows, most important first."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    method: str
    rows: int
    importances: tuple[Importance, ...]
    faithfulness: Faithfulness
    seconds: float
    is_cut: bool = False  # by its time limit, before all rows that were asked for


class ExplanationReport(ReportPart):
    """Explanations of a model by each method."""

    FILE: ClassVar[str] = "explanation.json"

    confidence: float
    explained: str
    globals: tuple[GlobalExplanation, ...]
    examples: tuple[LocalExplanation, ...]
    left_out: dict[str, str] = Field(default={})
