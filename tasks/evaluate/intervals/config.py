"""How sure metrics have to be."""

from __future__ import annotations

from pydantic import Field

from tasks.options import Options


class IntervalOptions(Options):
    """Confidence intervals of metrics."""

    confidence: float = Field(default=0.95, ge=0.5, lt=1, description="Share of intervals that hold the true value.")
    resamples: int = Field(
        default=1000, ge=100, le=20_000, description="Bootstrap samples of the test rows that intervals come from."
    )
