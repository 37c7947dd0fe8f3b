from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from flows.cli import app
from flows.exporting import find_dataset, find_model
from infra.errors import NotFoundError, RecipeError
from tasks.options import Task
from tasks.runtime.package import read_manifest
from tasks.runtime.predictor import load
from tests.packages import inputs, make_dataset

Package = Callable[[Task], Path]


def test_a_data_set_version_is_found_by_its_digest(home: Path) -> None:
    ref = make_dataset(inputs("rating_prediction"), home / "datasets" / "movies", test_rows=4)
    assert find_dataset(ref.digest) == ref
    assert find_dataset("0" * 64) is None


def test_a_folder_is_written_and_told_in_json(package: Package, home: Path, tmp_path: Path) -> None:
    task: Task = "tabular_classification"
    ref = make_dataset(inputs(task), home / "datasets" / "income", test_rows=4)
    folder = tmp_path / "package"
    folder.mkdir()
    for part in ("features.json", "saved_model"):
        (folder / part).symlink_to(package(task) / part)
    manifest = read_manifest(package(task)).model_copy(update={"dataset_digest": ref.digest})
    (folder / "manifest.json").write_text(manifest.model_dump_json())

    words = ["export", str(folder), "--format", "tflite", "--into", str(tmp_path / "out"), "--json"]
    done = CliRunner().invoke(app, words, catch_exceptions=False)

    told = json.loads(done.stdout)
    assert (told["path"], told["format"], told["rows"]) == (str(tmp_path / "out"), "tflite", 36)
    assert told["difference_max"] <= told["tolerance"]
    assert load(tmp_path / "out").predict(inputs(task)).num_rows == 40


def test_models_that_are_not_there(home: Path, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"model package: found no .*nowhere"):
        find_model(str(tmp_path / "nowhere"))
    with pytest.raises(RecipeError, match=r"MODEL: found 'models:/x'; .*or the folder of a package"):
        find_model("models:/x")
