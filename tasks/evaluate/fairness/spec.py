"""What the launcher tells the worker that compares ways of training."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from tasks.data.references import DatasetRef, ModelRef
from tasks.evaluate.config import EvaluateOptions


class Way(BaseModel):
    """One way of training: its mitigation, the model it made, and whether the recipe chose it."""

    model_config = ConfigDict(frozen=True)

    mitigation: str
    model: ModelRef
    is_chosen: bool


class TradeOffSpec(BaseModel):
    """Compare `ways` on the test rows of `dataset`; write into the directory `into`."""

    model_config = ConfigDict(frozen=True)

    options: EvaluateOptions
    ways: tuple[Way, ...]
    dataset: DatasetRef
    into: Path
