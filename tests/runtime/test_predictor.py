from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from infra.errors import DataError, NotFoundError, SourceError
from infra.processes import run_child
from tasks.options import Task
from tasks.runtime.predictor import index_answers, load
from tasks.runtime.pyfunc import _load_pyfunc
from tests.packages import ANSWERS, LABELS, TASKS, inputs

Package = Callable[[Task], Path]
COLUMNS = {
    "text_retrieval": ["answer", "score"],
    "rating_prediction": ["rating"],
    "text_heads": ["label", "label_score", "topics", "topics_score", "urgency", "tags", "tags_score"],
}
NUMBERS = ("score", "rating", "label_score", "topics_score", "urgency", "tags_score")


@pytest.fixture
def copy(package: Package, tmp_path: Path) -> Package:
    """A package that a test may break."""
    return lambda task: Path(shutil.copytree(package(task), tmp_path / task))


@pytest.mark.parametrize("task", TASKS)
def test_every_task_predicts_one_row_for_each(package: Package, task: Task) -> None:
    rows = inputs(task)
    predictor = load(package(task))
    predictions = predictor.predict(rows)
    assert predictions.num_rows == rows.num_rows
    assert predictions.column_names == COLUMNS.get(task, ["label", "score"])
    singles = pa.concat_tables(predictor.predict(rows.slice(place, 1)) for place in range(5))
    for name in predictions.column_names:
        whole, alone = predictions.column(name).to_pylist()[:5], singles.column(name).to_pylist()
        assert alone == (pytest.approx(whole, abs=1e-5) if name in NUMBERS else whole)


@pytest.mark.parametrize("task", TASKS)
def test_no_rows_give_no_predictions_of_the_same_types(package: Package, task: Task) -> None:
    rows = inputs(task)
    predictor = load(package(task))
    empty = predictor.predict(rows.slice(0, 0))
    assert empty.num_rows == 0
    assert empty.schema == predictor.predict(rows.slice(0, 1)).schema


def test_the_label_is_the_most_probable_one(package: Package) -> None:
    predictor = load(package("text_classification"))
    predictions = predictor.decode(np.array([[0.1, 0.7, 0.2], [0.5, 0.2, 0.3]], np.float32))
    labels = LABELS["text_classification"]
    assert predictions.column("label").to_pylist() == [labels[1], labels[0]]
    assert predictions.column("score").to_pylist() == pytest.approx([0.7, 0.5])


def test_an_answer_finds_itself(package: Package) -> None:
    predictions = load(package("text_retrieval")).predict(pa.table({"text": list(ANSWERS)}))
    assert predictions.column("answer").to_pylist() == list(ANSWERS)
    assert predictions.column("score").to_pylist() == pytest.approx([1.0] * len(ANSWERS), abs=1e-5)


def test_equal_answers_are_indexed_once(copy: Package) -> None:
    folder = copy("text_retrieval")
    index_answers(folder, ["monday", "denver", "monday"])
    index = load(folder).answers
    assert index is not None
    assert index.answers == ("monday", "denver")
    assert np.linalg.norm(index.embeddings, axis=1) == pytest.approx([1, 1], abs=1e-5)


def test_texts_of_unseen_words_and_empty_ones_are_answered(package: Package) -> None:
    rows = pa.table({"text": ["", "zzz", "\U0001f680 flights", None, "flights " * 500]})
    assert load(package("text_classification")).predict(rows).num_rows == 5


def test_a_missing_column_is_named(package: Package) -> None:
    with pytest.raises(DataError, match=r"found columns words; allowed: rows with the column 'text'"):
        load(package("text_classification")).predict(pa.table({"words": ["flights"]}))


def test_no_package(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"model package: found no .*nowhere/manifest\.json; allowed: a directory"):
        load(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("part", "content"),
    [
        ("manifest.json", b'{"task": "poetry"}'),
        ("manifest.json", b"\xff\xfe"),
        ("features.json", b"{}"),
        ("features.json", None),
        ("index.npz", b"PK\x03\x04 cut off"),
        ("index.npz", None),
        ("saved_model/saved_model.pb", b"not a model"),
        ("saved_model/saved_model.pb", None),
    ],
)
def test_a_broken_part_is_named(copy: Package, part: str, content: bytes | None) -> None:
    folder = copy("text_retrieval")
    (folder / part).unlink()
    if content is not None:
        (folder / part).write_bytes(content)
    name = Path(part).parts[0]
    with pytest.raises(SourceError, match=rf"found {name} that can't be loaded .*Fetch the package again"):
        load(folder)


def test_a_broken_tflite_file_is_named(copy: Package) -> None:
    folder = copy("tabular_classification")
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps({**manifest, "format": "tflite"}))
    with pytest.raises(SourceError, match=r"found model\.tflite that can't be loaded"):
        load(folder)
    (folder / "model.tflite").write_bytes(b"TFL3 but no more")
    with pytest.raises(SourceError, match=r"found model\.tflite that can't be loaded"):
        load(folder)


def test_mlflow_loads_it_without_a_pickle(package: Package) -> None:
    rows = inputs("tabular_classification", 4)
    frame = _load_pyfunc(str(package("tabular_classification"))).predict(rows.to_pandas(), params=None)
    assert frame.columns.tolist() == ["label", "score"]
    assert frame["label"].tolist() == load(package("tabular_classification")).predict(rows)["label"].to_pylist()


def test_a_fresh_process_answers_what_this_one_does(package: Package, tmp_path: Path) -> None:
    folder, rows = package("rating_prediction"), inputs("rating_prediction", 3)
    spec = tmp_path / "spec.json"
    spec.write_text(json.dumps({"package": str(folder), "rows": [{**row, "more": 3.0} for row in rows.to_pylist()]}))
    answers = run_child("tasks.runtime.query", str(spec), tmp_path / "query.log")["rows"]
    expected = load(folder).predict(rows).column("rating").to_pylist()
    assert [row["rating"] for row in answers] == pytest.approx(expected, abs=1e-5)


def test_the_error_of_a_fresh_process_arrives_as_it_was(tmp_path: Path) -> None:
    spec = tmp_path / "spec.json"
    spec.write_text(json.dumps({"package": str(tmp_path / "nowhere"), "rows": []}))
    with pytest.raises(NotFoundError, match="model package: found no"):
        run_child("tasks.runtime.query", str(spec), tmp_path / "query.log")
