"""Versions of a few rows."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from tasks.augment.augment import augment
from tasks.augment.config import AugmentOptions
from tasks.data.references import DatasetRef
from tests.packages import make_dataset

Make = Callable[..., DatasetRef]
Augment = Callable[..., DatasetRef]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """`make(tests=["a"], trains=[("b", "label")])`: rows 0 and on are the test rows, then come the train rows."""
    folders = (tmp_path / f"version-{number}" for number in itertools.count())

    def call(tests: list[str | None], trains: list[tuple[str | None, str | None]], **columns: list[Any]) -> DatasetRef:
        rows = {
            "text": pa.array([*tests, *(text for text, _ in trains)], pa.string()),
            "label": pa.array([*(["x"] * len(tests)), *(label for _, label in trains)], pa.string()),
            **{name: pa.array(values) for name, values in columns.items()},
        }
        return make_dataset(pa.table(rows), next(folders), len(tests))

    return call


@pytest.fixture
def run(tmp_path: Path) -> Augment:
    """`run(dataset, "swap", max_copies=2)`, or with a mapping for a method."""

    def call(dataset: DatasetRef, *methods: str | dict[str, Any], **options: Any) -> DatasetRef:
        items = [method if isinstance(method, dict) else {"method": method} for method in methods]
        full = AugmentOptions.model_validate({"methods": items, **options})
        return augment(full, dataset, tmp_path / "augmented")

    return call
