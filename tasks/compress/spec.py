"""What the launcher tells the worker."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from tasks.compress.config import CompressOptions
from tasks.data.references import DatasetRef


class CompressSpec(BaseModel):
    """Compress `package` into the empty directory `into`; compare both on train rows of `dataset`."""

    model_config = ConfigDict(frozen=True)

    options: CompressOptions
    package: Path
    dataset: DatasetRef
    into: Path
