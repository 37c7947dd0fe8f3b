"""How to measure."""

from __future__ import annotations

from pydantic import Field

from tasks.evaluate.explain.config import ExplainOptions
from tasks.evaluate.fairness.config import FairnessOptions
from tasks.evaluate.intervals.config import IntervalOptions
from tasks.evaluate.robustness.config import RobustnessOptions
from tasks.evaluate.slices.config import SliceOptions
from tasks.options import Options


class EvaluateOptions(Options):
    """Quality on the test split, size, and latency of single queries."""

    latency_queries: int = Field(default=200, ge=20, description="Single queries timed, after a warm-up.")
    threads: int = Field(default=1, ge=1, description="Threads that the runtime may use for one query.")
    other_threads: int = Field(
        default=2,
        ge=0,
        description="Threads for which latency is measured too, with the memory of serving, in a process of their own, "
        "if the machine has the cores; 0: not measured.",
    )
    max_classes_shown: int = Field(default=40, ge=2, description="Classes in the picture; the rest are in the table.")
    intervals: IntervalOptions = Field(default=IntervalOptions(), description="How sure metrics are.")
    calibration_bins: int = Field(default=15, ge=2, le=100, description="Bins of probabilities, of equal width.")
    out_of_scope: str = Field(
        default="", description="Label of test rows that belong to no class of the model; empty: there are none."
    )
    out_of_scope_threshold: float = Field(
        default=0.0,
        ge=0,
        le=1,
        description="Largest probability below which a row is told out of scope; 0: by a class of that name only.",
    )
    slices: SliceOptions = Field(default=SliceOptions(), description="Quality of parts of the test rows.")
    fairness: FairnessOptions = Field(default=FairnessOptions(), description="How groups of persons are treated.")
    robustness: RobustnessOptions = Field(default=RobustnessOptions(), description="Quality when rows are disturbed.")
    explain: ExplainOptions = Field(default=ExplainOptions(), description="What moves the answers.")
