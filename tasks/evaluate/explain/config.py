"""How to explain a model."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from tasks.options import Options

Method = Literal["shap", "lime", "gradients"]


class ExplainOptions(Options):
    """Explanations of answers, of single rows and of many."""

    methods: list[Method] = Field(
        default=["shap", "lime", "gradients"],
        description="How to explain: shap, lime, or gradients (integrated gradients of the float model).",
    )
    rows: int = Field(default=30, ge=0, description="Test rows, drawn by chance, to explain; 0: nothing is explained.")
    background: int = Field(
        default=50, ge=5, le=1000, description="Train rows whose values stand for a column that is taken away."
    )
    evaluations: int = Field(
        default=200,
        ge=50,
        description="Coalitions of columns or words that shap asks the model about for one row; four a part at least.",
    )
    seconds: float = Field(
        default=10.0, gt=0, description="A method starts no further row after so long, and its result says so."
    )
    confidence: float = Field(default=0.95, ge=0.5, lt=1, description="Share of intervals that hold the true value.")
