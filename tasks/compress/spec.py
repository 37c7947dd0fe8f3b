"""What the launcher tells the worker."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from tasks.compress.config import CompressOptions
from tasks.data.references import DatasetRef


class CompressSpec(BaseModel):
    """Compress `package` into the empty directory `into`; compare both on train rows of `dataset`.

    Attributes:
        teacher: the package of the model at the chain's beginning, which is `package` itself where a chain begins.
    """

    model_config = ConfigDict(frozen=True)

    options: CompressOptions
    package: Path
    teacher: Path
    dataset: DatasetRef
    into: Path
