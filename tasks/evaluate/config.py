"""How to measure."""

from __future__ import annotations

from pydantic import Field

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
