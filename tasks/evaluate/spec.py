"""What the launcher tells the worker."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from tasks.data.references import DatasetRef
from tasks.evaluate.config import EvaluateOptions


class EvaluateSpec(BaseModel):
    """Measure `package` on the test rows of `dataset`; write tables and pictures into the directory `into`."""

    model_config = ConfigDict(frozen=True)

    options: EvaluateOptions
    package: Path
    dataset: DatasetRef
    into: Path
