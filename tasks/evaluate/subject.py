"""The model that is measured, with its answers to the test rows."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from tasks.data.references import DatasetRef
from tasks.data.version import read_rows
from tasks.evaluate.config import EvaluateOptions
from tasks.evaluate.scored import Scored
from tasks.runtime.predictor import Predictor


@dataclass(frozen=True)
class Subject:
    """What each part of an evaluation looks at.

    Attributes:
        package: the folder that the predictor was loaded from.
        rows: the test rows, with all columns of the data set version.
        scored: what the predictor gave for them.
        into: the folder of the report.
    """

    options: EvaluateOptions
    package: Path
    predictor: Predictor
    dataset: DatasetRef
    rows: pa.Table
    scored: Scored
    into: Path

    def read_train(self) -> pa.Table:
        """The rows of the train split."""
        return read_rows(self.dataset, "train")
