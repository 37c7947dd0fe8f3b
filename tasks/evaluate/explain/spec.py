"""What the launcher tells the worker."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from tasks.data.references import DatasetRef
from tasks.evaluate.explain.config import ExplainOptions


class ExplainSpec(BaseModel):
    """Explain the model of `package`.

    Attributes:
        parent: the package that gradients are taken of.
        dataset: its train rows are what columns are compared with, its test rows are explained; a model of texts of
            which one is given needs none.
        row: columns of one row to explain; none: rows of the test split.
        place: one row of the test split to explain, from 0; -1: as many as the options say.
        into: the folder of the report.
        picture: a file for the picture of one row.
    """

    model_config = ConfigDict(frozen=True)

    options: ExplainOptions
    package: Path
    parent: Path
    dataset: DatasetRef | None
    row: dict[str, Any] = {}
    place: int = -1
    into: Path = Path()
    picture: Path | None = None
