"""What the launcher tells the worker."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from tasks.compress.exports.config import ExportOptions
from tasks.data.references import DatasetRef


class ExportSpec(BaseModel):
    """Export `package` into the empty directory `into`.

    Attributes:
        dataset: what the model learned from, on whose train rows both are compared; None: on `rows`.
        rows: examples of inputs.
    """

    model_config = ConfigDict(frozen=True)

    options: ExportOptions
    package: Path
    into: Path
    dataset: DatasetRef | None = None
    rows: list[dict[str, Any]] = []
