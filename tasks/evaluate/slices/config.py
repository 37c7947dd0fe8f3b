"""Which parts of the rows are looked at."""

from __future__ import annotations

from pydantic import Field

from tasks.options import Options


class SliceOptions(Options):
    """Quality by slice: named columns, and the worst slices that a search finds."""

    columns: list[str] = Field(
        default=[],
        description="Columns with a slice for each value, or for each quarter of the numbers; `sex, race` crosses two.",
    )
    automatic: int = Field(default=5, ge=0, le=50, description="Worst slices to find by search; 0: no search.")
    max_depth: int = Field(default=2, ge=1, le=2, description="Conditions that a found slice may have.")
    search_columns: list[str] = Field(
        default=[],
        description="Columns that are searched. Empty: the model's own, and any other column with few values.",
    )
    minimum_rows: int = Field(default=50, ge=2, description="Slices with fewer rows are marked, and never found.")
    minimum_effect: float = Field(
        default=0.2, ge=0, description="Least gap to the other rows of a found slice, in standard deviations."
    )
    false_discovery_rate: float = Field(
        default=0.1, gt=0, lt=1, description="Largest expected share of false ones among the slices that are reported."
    )
