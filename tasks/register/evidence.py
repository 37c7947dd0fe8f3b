"""What the gate and the model card go by."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from tasks.data.references import EvaluationRef, Reference


class Evidence(BaseModel):
    """Reports about a candidate.

    Attributes:
        measured, parent_measured: of the candidate and of the model it was made from, on the same rows.
        comparison: folder with `comparison.json`, the candidate beside the champion; None: not compared.
        explanation: folder with `explanation.json`; None: not explained.
        tradeoff: folder with `tradeoff.json`, quality against disparity of ways to train; None: one way only.
    """

    model_config = ConfigDict(frozen=True)

    measured: EvaluationRef
    parent_measured: EvaluationRef
    comparison: Reference | None = None
    explanation: Reference | None = None
    tradeoff: Reference | None = None
