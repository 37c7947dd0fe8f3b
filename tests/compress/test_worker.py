from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from infra.errors import NotFoundError, RecipeError, TrainingError
from tasks.compress.config import CompressOptions
from tasks.compress.difference import difference, head_differences
from tasks.compress.launcher import compress as launch
from tasks.compress.spec import CompressSpec
from tasks.compress.worker import compress
from tasks.data.references import DatasetRef
from tasks.data.tree import tree_digest
from tasks.options import Task
from tasks.runtime.package import read_manifest
from tasks.runtime.predictor import load
from tests.packages import HEADS, TASKS, inputs, make_dataset

Package = Callable[[Task], Path]


def dataset(task: Task, folder: Path) -> DatasetRef:
    return make_dataset(inputs(task), folder / "data", test_rows=10)


@pytest.mark.parametrize("task", TASKS)
def test_the_child_predicts_nearly_what_its_parent_does(package: Package, task: Task, tmp_path: Path) -> None:
    parent, child = package(task), tmp_path / "child"
    child.mkdir()
    spec = CompressSpec(
        options=CompressOptions(), package=parent, teacher=parent, dataset=dataset(task, tmp_path), into=child
    )
    metrics = compress(spec)
    manifest = read_manifest(child)
    assert (manifest.task, manifest.format) == (task, "tflite")
    assert (manifest.labels, manifest.heads) == (read_manifest(parent).labels, read_manifest(parent).heads)
    assert manifest.parent_digest == tree_digest(parent)
    assert 0 <= metrics["difference_mean"] <= metrics["difference_max"] < 0.1
    assert metrics["difference_max"] > 0
    assert metrics["int8_share"] > 0.5
    predicted, before = load(child).predict(inputs(task)), load(parent).predict(inputs(task))
    if task == "rating_prediction":
        assert predicted["rating"].to_pylist() == pytest.approx(before["rating"].to_pylist(), abs=0.1)
    else:
        for name in (name for name in predicted.column_names if predicted.schema.field(name).type == pa.string()):
            equal = np.array(predicted[name].to_pylist()) == np.array(before[name].to_pylist())
            assert equal.mean() >= 0.9
    if task == "text_heads":
        assert metrics["difference_max"] == max(metrics[f"difference_max_{head.column}"] for head in HEADS)


def test_answers_are_embedded_by_the_child(package: Package, tmp_path: Path) -> None:
    child = tmp_path / "child"
    launch(CompressOptions(), package("text_retrieval"), dataset("text_retrieval", tmp_path), child, tmp_path / "log")
    before, after = load(package("text_retrieval")).answers, load(child).answers
    assert before is not None
    assert after is not None
    assert after.answers == before.answers
    assert not np.array_equal(after.embeddings, before.embeddings)
    assert (after.embeddings * before.embeddings).sum(axis=1) == pytest.approx(np.ones(3), abs=0.01)
    assert sorted(path.name for path in child.iterdir()) == [
        "features.json",
        "index.npz",
        "manifest.json",
        "model.tflite",
        "tokenizer.json",
    ]


def test_a_child_has_no_children(package: Package, tmp_path: Path) -> None:
    child = tmp_path / "child"
    ref = dataset("tabular_classification", tmp_path)
    launch(CompressOptions(), package("tabular_classification"), ref, child, tmp_path / "log")
    with pytest.raises(RecipeError, match=r"found a package in the format tflite; allowed: a trained model"):
        compress(CompressSpec(options=CompressOptions(), package=child, teacher=child, dataset=ref, into=tmp_path))


def test_what_fails_leaves_no_package(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"model package: found no .*nowhere"):
        launch(
            CompressOptions(),
            tmp_path / "nowhere",
            dataset("rating_prediction", tmp_path),
            tmp_path / "packages" / "child",
            tmp_path / "log",
        )
    assert list((tmp_path / "packages").iterdir()) == []


def test_the_difference_of_embeddings_is_one_less_their_cosine() -> None:
    parent = np.array([[1, 0], [0.6, 0.8]], np.float32)
    child = np.array([[0, 1], [0.6, 0.8]], np.float32)
    assert difference(parent, child, "text_retrieval") == pytest.approx([1, 0], abs=1e-6)


def test_the_difference_of_other_outputs_is_the_largest_of_a_row() -> None:
    parent = np.array([[0.1, 0.9], [0.5, 0.5]], np.float32)
    child = np.array([[0.3, 0.7], [0.5, 0.4]], np.float32)
    assert difference(parent, child, "text_classification") == pytest.approx([0.2, 0.1], abs=1e-6)
    assert difference(parent[:, 0], child[:, 0], "rating_prediction") == pytest.approx([0.2, 0], abs=1e-6)


def as_arrays(outputs: dict[str, list[Any]]) -> dict[str, list[Any]]:
    return {name: [np.array(row, np.float32) for row in rows] for name, rows in outputs.items()}


def test_the_difference_of_heads_is_by_head_and_the_largest_of_each_row() -> None:
    """Of a label two rows differ by 0.2 and 0; of a number in units of its deviation by 0.1 and 0.5; of tags by 0.3."""
    label, _, urgency, tags = HEADS
    parent: dict[str, list[Any]] = {
        "label": [[0.1, 0.9], [0.5, 0.5]],
        "urgency": [3.0, 2.0],
        "tags": [[[1.0, 0.0]], []],
    }
    child: dict[str, list[Any]] = {
        "label": [[0.3, 0.7], [0.5, 0.5]],
        "urgency": [3.05, 2.25],
        "tags": [[[0.7, 0.3]], []],
    }
    before, after = as_arrays(parent), as_arrays(child)

    figures = head_differences([label, urgency, tags], before, after)

    assert figures["difference_mean_label"] == pytest.approx(0.1)
    assert figures["difference_max_urgency"] == pytest.approx(0.5, abs=1e-6)
    assert figures["difference_mean_tags"] == pytest.approx(0.15)
    assert figures["difference_mean"] == pytest.approx((0.3 + 0.5) / 2)
    assert figures["difference_max"] == pytest.approx(0.5, abs=1e-6)
    after["label"][0][0] = np.nan
    with pytest.raises(TrainingError, match=r"output of the compressed model: found 1 values that are not finite"):
        head_differences([label], before, after)


def test_a_model_that_gives_no_numbers_is_refused() -> None:
    good, bad = np.ones((2, 2), np.float32), np.array([[1, np.nan], [np.inf, 1]], np.float32)
    with pytest.raises(TrainingError, match=r"output of the compressed model: found 2 values that are not finite"):
        difference(good, bad, "text_classification")
