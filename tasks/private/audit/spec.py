"""What the launcher tells the worker."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from tasks.data.references import Reference
from tasks.lessons.config import TrainOptions
from tasks.private.audit.config import AuditOptions


class AuditSpec(BaseModel):
    """Audit a training by `train` on the train rows of `dataset`; files go into the directory `into`.

    Attributes:
        weights: what training begins from, where it does so from something.
        began: a file to make before the first step.
        package: of a model that was trained so, to be attacked; None: the audit's own model is.
    """

    model_config = ConfigDict(frozen=True)

    options: AuditOptions
    train: TrainOptions
    dataset: Reference
    weights: Path | None
    package: Path | None
    into: Path
    began: Path
