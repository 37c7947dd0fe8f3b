from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from tasks.data.references import DatasetRef
from tasks.lessons.config import TrainOptions
from tasks.train.launcher import train
from tests.packages import make_dataset

Launch = Callable[..., dict[str, Any]]


def people(rows: int = 64) -> pa.Table:
    """Everybody above 40 says yes."""
    ages = np.random.default_rng(0).integers(18, 70, rows)
    labels = np.where(ages > 40, "yes", "no").tolist()
    return pa.table({"age": ages, "job": ["cook", "baker"] * (rows // 2), "label": labels})


@pytest.fixture
def dataset(tmp_path: Path) -> DatasetRef:
    """A version with 56 train rows and 8 test rows of `people`."""
    return make_dataset(people(), tmp_path / "dataset", test_rows=8)


def tabular(**options: Any) -> TrainOptions:
    """A small tabular training of 7 steps an epoch."""
    small = {"numeric": ["age"], "categorical": ["job"], "hidden_units": [4], "batch_size": 8}
    how = {
        "task": "tabular_classification",
        "optimizer": {"learning_rate": 0.02},
        "dropout": 0.2,
        "checkpoint_steps": 5,
    }
    return TrainOptions.model_validate({**how, **small, **options})


@pytest.fixture
def launch(tmp_path: Path) -> Launch:
    """Train into the test's folder; the package lies at `package` below it."""

    def call(options: TrainOptions, dataset: DatasetRef, **changes: Any) -> dict[str, Any]:
        folders = {"work": tmp_path / "work", "package": tmp_path / "package", "log_folder": tmp_path / "logs"}
        where = {"dataset_path": dataset.path, "dataset_digest": dataset.digest, "weights": None}
        return train(options, **{**where, **folders, **changes})

    return call
