"""Adapters of MiniLM on real questions."""

from __future__ import annotations

import csv
import gzip
from pathlib import Path

import pyarrow as pa
import pytest

from tasks.lessons.config import TrainOptions
from tasks.model.weights import weights
from tasks.runtime.predictor import load
from tasks.train.packing import pack
from tests.packages import make_dataset
from tests.train.one_process import spec_of, train_here

INTENTS = ("card_arrival", "card_linking", "exchange_rate", "lost_or_stolen_card", "pin_blocked")
TRAIN_ROWS, TEST_ROWS = 40, 20  # a class


def banking(file: Path, split: str, rows: int) -> pa.Table:
    """The first rows of each class of a split."""
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        told = [row for row in csv.DictReader(lines) if row["split"] == split]
    chosen = [row for intent in INTENTS for row in [row for row in told if row["intent"] == intent][:rows]]
    return pa.table({"text": [row["text"] for row in chosen], "label": [row["intent"] for row in chosen]})


@pytest.mark.slow
def test_adapters_of_rank_8_learn_and_are_small(shared_data: Path, tmp_path: Path) -> None:
    from tasks.model.lora import ADAPTER

    file = shared_data / "banking77" / "banking77.csv.gz"
    train, test = banking(file, "train", TRAIN_ROWS), banking(file, "test", TEST_ROWS)
    options = TrainOptions.model_validate(
        {
            "task": "text_classification",
            "epochs": 4,
            "batch_size": 16,
            "optimizer": {"learning_rate": 0.001},
            "encoder": {"lora": {"rank": 8}},
        }
    )
    dataset = make_dataset(train, tmp_path / "data", test_rows=0)

    trained = train_here(options, dataset, weights(), tmp_path)
    pack(
        spec_of(options, dataset, weights(), tmp_path),
        tmp_path / "package",
        trained.lesson,
        trained.network.trained.get_weights(),
    )

    told = load(tmp_path / "package").predict(test)["label"].to_pylist()
    right = sum(one == other for one, other in zip(told, test["label"].to_pylist(), strict=True))
    assert right / test.num_rows >= 0.9
    assert (tmp_path / "package" / ADAPTER).stat().st_size < 1_000_000
    moved = [
        name for name in (variable.name for variable in trained.network.trained.trainable_variables) if "layer" in name
    ]
    assert len(moved) == 6 * 2 * 2  # six layers, queries and values, two thin matrices each
