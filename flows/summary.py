"""What a run of the pipeline ends with."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict

from tasks.register.gate import Verdict


class Frozen(BaseModel):
    """Base of the parts."""

    model_config = ConfigDict(frozen=True)


class DatasetSummary(Frozen):
    """The data set version that the model learned from.

    Attributes:
        drift: in which ways the raw version differs from the one before it, by more than the recipe has it.
    """

    digest: str
    rows_in: int
    rows_out: int
    quarantined: int
    drift: list[str] = []


class ModelSummary(Frozen):
    """A registered version and its metrics on the test split."""

    uri: str
    alias: str
    metrics: dict[str, float]


class StageSummary(Frozen):
    """How long a stage took, and whether its result was there already."""

    name: str
    seconds: float
    cached: bool


class Summary(Frozen):
    """The run as a whole; `lepton run --json` prints just this."""

    recipe: str
    run_id: str
    dataset: DatasetSummary
    models: list[ModelSummary]
    gate: Verdict
    stages: list[StageSummary]
    prediction: dict[str, Any]
    links: dict[str, str]
