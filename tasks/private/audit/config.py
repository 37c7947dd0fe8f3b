"""How hard a training is tried."""

from __future__ import annotations

from pydantic import Field

from tasks.options import Options


class AuditOptions(Options):
    """One audit: how many canaries and shadow models, and how sure it is to be."""

    canaries: int = Field(
        default=1000, ge=20, le=100_000, description="Rows that are put among the others, each by a coin of its own."
    )
    shadows: int = Field(
        default=0,
        ge=0,
        le=256,
        multiple_of=4,
        description="Models for the likelihood-ratio attack, each of half of the rows, beside one that they attack; "
        "0: no such attack.",
    )
    shadow_rows: int = Field(default=10_000, ge=100, description="Rows that these are drawn from, at most.")
    confidence: float = Field(
        default=0.95, gt=0.5, lt=1, description="Share of the audits of a sound training that must not fail it."
    )
