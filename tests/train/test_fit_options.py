"""Options of the training loop that contradict each other or the task, and those that workers must agree on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from tasks.data.references import DatasetRef
from tasks.data.split import validation_rows
from tasks.data.version import read_rows
from tasks.lessons.config import TrainOptions
from tasks.runtime.predictor import load
from tests.train.conftest import Launch, tabular


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"loss": {"name": "contrastive"}}, "loss.name: found contrastive; allowed for text_classification: cross_ent"),
        (
            {"task": "rating_prediction", "loss": {"label_smoothing": 0.1}},
            "loss.label_smoothing: found 0.1 with squared_error for rating_prediction, which smooths no labels",
        ),
        (
            {
                "task": "text_heads",
                "heads": [{"column": "tags", "kind": "multi_label", "loss": {"name": "focal", "label_smoothing": 0.1}}],
            },
            "loss.label_smoothing: found 0.1 with focal for multi_label",
        ),
        ({"stopping": {"patience": 2}}, "stopping.patience: found 2 and no rows to measure; set validation_share too"),
        (
            {"stopping": {"patience": 2}, "validation_share": 0.1, "optimizer": {"average_epochs": 2}},
            "optimizer.average_epochs: found with stopping.patience",
        ),
        ({"optimizer": {"momentum": 0.9}}, "momentum: found 0.9 with adamw; only sgd and rmsprop take it"),
        ({"optimizer": {"average_epochs": 2, "average_decay": 0.9}}, "average_decay, average_epochs: found both"),
        (
            {"task": "rating_prediction", "optimizer": {"layer_decay": 0.9}},
            "optimizer.layer_decay: found with rating_prediction; only text tasks have an encoder's layers",
        ),
        (
            {"task": "text_retrieval", "optimizer": {"accumulate_steps": 2}},
            "optimizer.accumulate_steps: found where rows of a batch are each other's wrong answers",
        ),
        ({"few_shot": {"enabled": True}, "loss": {"label_smoothing": 0.1}}, "few_shot.enabled: found with a loss"),
        ({"task": "text_retrieval", "retrieval": {"refresh": "epoch"}}, "retrieval.refresh: found epoch and no hard"),
        ({"task": "rating_prediction", "encoder": {"weights": "bert"}}, "encoder.lora: found with rating_prediction"),
        ({"task": "text_retrieval", "speed": {"xla": "on"}}, "speed.xla: found on where texts come in pairs"),
        ({"speed": {"xla": "on", "precision": "bfloat16"}}, "xla: found on with bfloat16; XLA keeps float32"),
        (
            {"strategy": "parameter_server", "optimizer": {"average_decay": 0.9}},
            "optimizer.average_decay: found 0.9 with strategy parameter_server",
        ),
    ],
)
def test_contradictions_are_refused(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        TrainOptions.model_validate({"task": "text_classification", **options})


@pytest.mark.slow
def test_two_workers_stop_together_and_the_best_model_is_packed(
    launch: Launch, dataset: DatasetRef, tmp_path: Path
) -> None:
    options = tabular(
        workers=2,
        epochs=40,
        validation_share=0.3,
        stopping={"patience": 2, "metric": "accuracy"},
        speed={"xla": "on"},
    )

    result = launch(options, dataset)

    assert result["restarts"] == 0
    assert result["exported_step"] < result["steps"] < 40 * 5
    rows = read_rows(dataset, "train")
    held = rows.filter(validation_rows(rows["key"], options.validation_share))
    predicted = load(tmp_path / "package").predict(held)["label"].to_pylist()
    right = sum(map(str.__eq__, predicted, held["label"].to_pylist()))
    assert result["val_accuracy"] == pytest.approx(right / held.num_rows)
