"""Figures of a model with several heads, by hand."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from infra.errors import DataError, TrainingError
from tasks.evaluate.examples import examples
from tasks.evaluate.quality import draw
from tasks.evaluate.scored import score
from tasks.options import Task
from tasks.runtime.predictor import Predictor, load
from tests.packages import inputs, with_truth

Package = Callable[[Task], Path]


@pytest.fixture
def predictor(package: Package) -> Predictor:
    return load(package("text_heads"))


def measured(predictor: Predictor, rows: pa.Table, into: Path) -> dict[str, float]:
    scored = score(predictor, rows, pa.table)
    draw(scored, into, 40)
    return scored.figures(np.arange(rows.num_rows))


def changed(rows: pa.Table, name: str, change: dict[int, Any]) -> pa.Table:
    values = [change.get(place, value) for place, value in enumerate(rows[name].to_pylist())]
    return rows.set_column(rows.column_names.index(name), name, pa.array(values, rows[name].type))


def true_rows(predictor: Predictor, count: int = 10) -> pa.Table:
    rows = inputs("text_heads", count)
    return with_truth("text_heads", rows, predictor.predict(rows))


def test_errors_are_counted_by_head_and_rows_without_a_truth_are_not(predictor: Predictor, tmp_path: Path) -> None:
    rows = true_rows(predictor)
    wrong = next(label for label in ("fare", "flight", "other") if label != rows["label"][0].as_py())
    rows = changed(rows, "label", {0: wrong, 1: "never seen", 2: None})
    rows = changed(rows, "topics", {0: "never seen", 3: None})
    rows = changed(rows, "urgency", {4: None, 5: rows["urgency"][5].as_py() + 1})

    figures = measured(predictor, rows, tmp_path)

    assert figures["accuracy"] == pytest.approx(7 / 9)
    assert figures["label_unknown_labels"] == 1
    assert figures["exact_match"] == pytest.approx(8 / 9)
    assert figures["topics_unknown_labels"] == 1
    assert figures["rmse"] == pytest.approx((1 / 9) ** 0.5)
    assert figures["span_f1"] == 1.0
    assert figures["frame_accuracy"] == pytest.approx(5 / 7)  # of seven rows with every truth two have an error
    with (tmp_path / "topics_per_class.csv").open(newline="") as file:
        assert {row["label"] for row in csv.DictReader(file)} == {"cheap", "early", "late", "never seen"}


def test_spans_are_counted_as_wholes(predictor: Predictor, tmp_path: Path) -> None:
    """Where the model tells one span of two words the truth has one of one word, and a tag that it can't tell."""
    rows = pa.table({"text": ["boston denver", "monday"]})
    told = [tags.split() for tags in predictor.predict(rows)["tags"].to_pylist()]
    assert all(tag.endswith("-city") for tag in told[0]) and told[0][1] == "I-city"
    truth = {"label": "fare", "topics": "late", "urgency": 1.0}
    rows = pa.table({"text": rows["text"], **{name: [value] * 2 for name, value in truth.items()}})
    rows = rows.append_column("tags", pa.array([f"{told[0][0]} O", "B-hour"]))

    figures = measured(predictor, rows, tmp_path)

    assert figures["span_recall"] == 0.0
    assert figures["tag_accuracy"] == pytest.approx(1 / 3)
    assert figures["unknown_tags"] == 1
    with (tmp_path / "tags_per_class.csv").open(newline="") as file:
        assert {row["label"]: row["support"] for row in csv.DictReader(file)}["hour"] == "1"


@pytest.mark.parametrize(
    ("name", "values", "text"),
    [
        ("label", dict.fromkeys(range(10)), r"column label of the test split: found no value; allowed: one row"),
        ("tags", {2: "O"}, r"column tags: found 1 tags for \d words"),
    ],
)
def test_a_truth_that_can_not_be_compared(
    predictor: Predictor, tmp_path: Path, name: str, values: dict[int, Any], text: str
) -> None:
    rows = true_rows(predictor)
    assert len(rows["text"][2].as_py().split()) > 1

    with pytest.raises(DataError, match=text):
        measured(predictor, changed(rows, name, values), tmp_path)


def test_a_model_that_gives_no_numbers_is_not_measured(predictor: Predictor, tmp_path: Path) -> None:
    class Broken:
        def named_outputs(self, arrays: Any) -> Any:
            outputs = predictor.model.named_outputs(arrays)
            return {name: values * float("nan") for name, values in outputs.items()}

    broken = Predictor(predictor.manifest, predictor.features, Broken())  # type: ignore[arg-type]
    with pytest.raises(TrainingError, match=r"model output: found NaN or infinity for 10 of 10 test rows"):
        measured(broken, true_rows(predictor), tmp_path)


def test_an_example_has_the_truth_of_every_head(predictor: Predictor) -> None:
    (first, *_) = examples(predictor, true_rows(predictor))

    assert set(first["input"]) == {"text"}
    assert set(first["truth"]) == {"label", "topics", "urgency", "tags"}
    assert {name: first["output"][name] for name in ("label", "topics", "tags")} == {
        name: first["truth"][name] for name in ("label", "topics", "tags")
    }
