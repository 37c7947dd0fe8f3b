"""What the launcher tells the worker."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from tasks.data.references import DatasetRef
from tasks.evaluate.intervals.config import IntervalOptions


class CompareSpec(BaseModel):
    """Put `candidate` beside `champion` on the test rows of `dataset`; write the report into the directory `into`.

    Attributes:
        champion_uri: how MLflow names it.
    """

    model_config = ConfigDict(frozen=True)

    options: IntervalOptions
    candidate: Path
    champion: Path
    champion_uri: str
    dataset: DatasetRef
    into: Path
