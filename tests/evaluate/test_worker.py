from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from infra.errors import DataError, NotFoundError
from tasks.compress.config import CompressOptions
from tasks.compress.launcher import compress
from tasks.data.references import DatasetRef
from tasks.evaluate.config import EvaluateOptions
from tasks.evaluate.launcher import evaluate as launch
from tasks.evaluate.robustness.config import RobustnessOptions
from tasks.evaluate.spec import EvaluateSpec
from tasks.evaluate.worker import evaluate
from tasks.options import Task
from tasks.runtime.predictor import load
from tests.packages import TASKS, inputs, make_dataset, with_truth

Package = Callable[[Task], Path]
OPTIONS = EvaluateOptions(
    latency_queries=20, robustness=RobustnessOptions(methods=["typos", "noise", "unknown"], rows=10)
)
LATENCY = {f"latency_p{percent}_ms{batch}" for percent in (50, 95, 99) for batch in ("", "_batch32")}
ALWAYS = {"rows", "size_mb", "gzip_mb", *LATENCY}
CALIBRATION = {"calibration_error", "brier"}
TYPOS = {"robust_typos", "robust_worst"}
BY_TASK: dict[Task, set[str]] = {
    "text_classification": {"accuracy", "macro_f1", "log_loss", "unknown_labels", *CALIBRATION, *TYPOS},
    "tabular_classification": {
        *(
            "accuracy",
            "macro_f1",
            "log_loss",
            "auc",
            "unknown_labels",
            "robust_noise",
            "robust_unknown",
            "robust_worst",
        ),
        *CALIBRATION,
    },
    "text_heads": {
        *("accuracy", "label_macro_f1", "log_loss", "label_unknown_labels"),
        *("micro_f1", "topics_macro_f1", "exact_match", "topics_unknown_labels"),
        *("mse", "rmse", "mae", "r2"),
        *CALIBRATION,
        *TYPOS,
        *("span_f1", "span_precision", "span_recall", "tag_accuracy", "unknown_tags", "frame_accuracy"),
    },
    "text_retrieval": {"mrr", "ndcg_at_10", "recall_at_1", "recall_at_10", "unknown_labels", *TYPOS},
    "rating_prediction": {"mse", "rmse", "mae", "robust_unknown", "robust_worst"},
}
CLASS_FILES = {
    *("per_class.csv", "confusion.csv", "confusion.png", "per_class.png"),
    *("calibration.json", "calibration.png"),
}
ALWAYS_FILES = {
    *("metrics.json", "examples.json", "quality.json", "slices.json"),
    *("robustness.json", "robustness.csv", "robustness.png"),
}
FILES: dict[Task, set[str]] = {
    "text_classification": CLASS_FILES,
    "tabular_classification": CLASS_FILES,
    "text_heads": {
        *("label_calibration.png", "calibration.json"),
        *("label_per_class.csv", "label_per_class.png", "label_confusion.csv", "label_confusion.png"),
        *("topics_per_class.csv", "topics_per_class.png", "urgency_numbers.png"),
        *("tags_per_class.csv", "tags_per_class.png"),
    },
    "text_retrieval": {"ranks.png"},
    "rating_prediction": {"ratings.png"},
}
PERFECT: dict[Task, dict[str, float]] = {
    "text_classification": {"accuracy": 1.0, "macro_f1": 1.0},
    "tabular_classification": {"accuracy": 1.0, "macro_f1": 1.0, "auc": 1.0},
    "text_heads": {"accuracy": 1.0, "micro_f1": 1.0, "rmse": 0.0, "span_f1": 1.0, "frame_accuracy": 1.0},
    "text_retrieval": {"mrr": 1.0, "recall_at_1": 1.0, "recall_at_10": 1.0},
    "rating_prediction": {"rmse": 0.0, "mae": 0.0},
}


def true_rows(package: Path, task: Task) -> pa.Table:
    """Rows whose truth is what the package predicts."""
    rows = inputs(task)
    return with_truth(task, rows, load(package).predict(rows))


def without_bounds(metrics: dict[str, float]) -> set[str]:
    """Names but those of bounds: where all rows agree some metrics have none."""
    return {name for name in metrics if not name.endswith(("_low", "_high"))}


def measure(package: Path, dataset: DatasetRef, into: Path) -> dict[str, float]:
    into.mkdir()
    return evaluate(EvaluateSpec(options=OPTIONS, package=package, dataset=dataset, into=into))


@pytest.mark.parametrize("task", TASKS)
def test_a_model_that_is_always_right(package: Package, task: Task, tmp_path: Path) -> None:
    dataset = make_dataset(true_rows(package(task), task), tmp_path / "data", test_rows=30)
    metrics = measure(package(task), dataset, tmp_path / "report")
    assert without_bounds(metrics) == ALWAYS | BY_TASK[task]
    assert {name: metrics[name] for name in PERFECT[task]} == pytest.approx(PERFECT[task], abs=1e-6)
    assert metrics["rows"] == 30
    assert 0 < metrics["gzip_mb"] < metrics["size_mb"]
    assert json.loads((tmp_path / "report" / "metrics.json").read_text()) == metrics
    written = {path.name for path in (tmp_path / "report").iterdir()}
    assert written == FILES[task] | ALWAYS_FILES


@pytest.mark.parametrize("task", TASKS)
def test_the_compressed_child_is_measured_like_its_parent(package: Package, task: Task, tmp_path: Path) -> None:
    parent = package(task)
    dataset = make_dataset(true_rows(parent, task), tmp_path / "data", test_rows=30)
    compress(CompressOptions(), parent, dataset, tmp_path / "child", tmp_path / "compress.log")
    before = measure(parent, dataset, tmp_path / "before")
    after = measure(tmp_path / "child", dataset, tmp_path / "after")
    assert without_bounds(after) == without_bounds(before)
    assert after["size_mb"] < before["size_mb"]
    for name, value in PERFECT[task].items():
        assert after[name] == pytest.approx(value, abs=0.1)


def test_errors_and_unknown_labels_count(package: Package, tmp_path: Path) -> None:
    rows = true_rows(package("text_classification"), "text_classification").slice(0, 20)
    labels = rows.column("label").to_pylist()
    labels[3], labels[4] = "never seen", "nor this"
    labels[5] = next(label for label in ("fare", "flight") if label != labels[5])
    rows = rows.set_column(1, "label", pa.array(labels))
    metrics = measure(
        package("text_classification"), make_dataset(rows, tmp_path / "data", test_rows=20), tmp_path / "report"
    )
    assert metrics["accuracy"] == pytest.approx(17 / 20)
    assert metrics["unknown_labels"] == 2
    with (tmp_path / "report" / "per_class.csv").open(newline="") as file:
        table = {row["label"]: row for row in csv.DictReader(file)}
    assert table["never seen"] == {
        "label": "never seen",
        "precision": "0.000000",
        "recall": "0.000000",
        "f1": "0.000000",
        "support": "1",
    }
    assert sum(int(row["support"]) for row in table.values()) == 20


def test_an_answer_that_is_not_indexed_is_never_found(package: Package, tmp_path: Path) -> None:
    rows = true_rows(package("text_retrieval"), "text_retrieval").slice(0, 10)
    answers = ["somewhere else", *rows.column("answer").to_pylist()[1:]]
    dataset = make_dataset(rows.set_column(1, "answer", pa.array(answers)), tmp_path / "data", test_rows=10)
    metrics = measure(package("text_retrieval"), dataset, tmp_path / "report")
    assert metrics["mrr"] == pytest.approx(0.9)
    assert metrics["unknown_labels"] == 1


def test_examples_are_rows_with_truth_and_prediction(package: Package, tmp_path: Path) -> None:
    rows = true_rows(package("tabular_classification"), "tabular_classification")
    rows = rows.append_column("unrelated", pa.array(["x"] * rows.num_rows))
    dataset = make_dataset(rows, tmp_path / "data", test_rows=30)
    measure(package("tabular_classification"), dataset, tmp_path / "report")
    examples: list[dict[str, Any]] = json.loads((tmp_path / "report" / "examples.json").read_text())
    assert len(examples) == 5
    assert all(set(example["input"]) == {"age", "job"} for example in examples)
    assert all(set(example["output"]) == {"label", "score"} for example in examples)
    assert [example["input"]["age"] for example in examples] == rows.column("age").to_pylist()[:5]
    assert all(example["truth"] == example["output"]["label"] for example in examples)


def test_a_fresh_process_measures_the_same_and_replaces_an_old_report(package: Package, tmp_path: Path) -> None:
    folder, report = package("rating_prediction"), tmp_path / "report"
    rows = true_rows(folder, "rating_prediction")
    rows = rows.set_column(2, "rating", pa.array(np.array(rows.column("rating").to_pylist()) + 0.5))
    dataset = make_dataset(rows, tmp_path / "data", test_rows=40)
    report.mkdir()
    (report / "old").touch()
    metrics = launch(OPTIONS, folder, dataset, report, tmp_path / "log")
    assert metrics["rmse"] == pytest.approx(0.5, abs=1e-6)
    if len(os.sched_getaffinity(0)) > 1:
        assert {f"{name}_threads2" for name in LATENCY} <= set(metrics)
        assert 50 < metrics["memory_mb"] < 4000
    assert not (report / "old").exists()
    assert json.loads((report / "metrics.json").read_text()) == metrics


def test_a_test_split_without_rows(package: Package, tmp_path: Path) -> None:
    rows = true_rows(package("rating_prediction"), "rating_prediction")
    dataset = make_dataset(rows, tmp_path / "data", test_rows=0)
    with pytest.raises(DataError, match=r"test split: found no row; allowed: one row or more to measure on"):
        measure(package("rating_prediction"), dataset, tmp_path / "report")


def test_what_fails_leaves_no_report(package: Package, tmp_path: Path) -> None:
    rows = true_rows(package("rating_prediction"), "rating_prediction")
    dataset = make_dataset(rows, tmp_path / "data", test_rows=10)
    with pytest.raises(NotFoundError, match="model package: found no"):
        launch(OPTIONS, tmp_path / "nowhere", dataset, tmp_path / "reports" / "one", tmp_path / "log")
    assert list((tmp_path / "reports").iterdir()) == []
