from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from infra.errors import NotFoundError, RecipeError
from tasks.data.references import DatasetRef
from tasks.evaluate.explain.config import ExplainOptions
from tasks.evaluate.explain.launcher import explain as launch
from tasks.evaluate.explain.page import page
from tasks.evaluate.explain.query import numbered_row, row_table
from tasks.evaluate.explain.spec import ExplainSpec
from tasks.evaluate.explain.wording import faithful_words, shade
from tasks.evaluate.explain.worker import explain_many, explain_one
from tasks.features.files import load_features
from tasks.options import Task
from tasks.reports.explanation import ExplanationReport
from tests.packages import inputs, make_dataset

Package = Callable[[Task], Path]
TABULAR: Task = "tabular_classification"
PNG = b"\x89PNG"


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> DatasetRef:
    return make_dataset(inputs(TABULAR), tmp_path_factory.mktemp("data"), test_rows=10)


def spec(package: Path, dataset: DatasetRef | None, **more: Any) -> ExplainSpec:
    return ExplainSpec(package=package, parent=package, dataset=dataset, **({"options": ExplainOptions()} | more))


def test_a_fresh_process_writes_the_report_with_pictures(package: Package, dataset: DatasetRef, tmp_path: Path) -> None:
    options = ExplainOptions(methods=["shap", "gradients"], rows=6)
    launch(options, package(TABULAR), package(TABULAR), dataset, tmp_path / "report", tmp_path / "log")
    found = ExplanationReport.load(tmp_path / "report")
    assert found is not None
    assert [(whole.method, whole.rows) for whole in found.globals] == [("shap", 6), ("gradients", 6)]
    assert [example.method for example in found.examples] == ["shap", "gradients"]
    pictures = {file.name: file.read_bytes() for file in (tmp_path / "report").glob("*.png")}
    assert set(pictures) == {f"{what}_{how}.png" for what in ("global", "local") for how in ("shap", "gradients")}
    assert all(content.startswith(PNG) for content in pictures.values())


def test_one_row_by_number_and_by_its_columns(package: Package, dataset: DatasetRef, tmp_path: Path) -> None:
    picture = tmp_path / "one.png"
    by_number, seconds = explain_one(spec(package(TABULAR), dataset, place=2, picture=picture))
    assert seconds > 0
    assert picture.read_bytes().startswith(PNG)
    row = inputs(TABULAR).slice(2, 1).to_pylist()[0]
    assert explain_one(spec(package(TABULAR), dataset, row=row))[0] == by_number


def test_a_text_needs_no_data_set(package: Package) -> None:
    found, _ = explain_one(spec(package("text_classification"), None, row={"text": "show $1 <fares> to boston"}))
    assert [part.part for part in found.contributions] == ["show", "$1", "<fares>", "to", "boston"]
    assert found.is_text
    html = page(found, "models:/a/1")
    assert "&lt;fares&gt;" in html
    assert "<fares>" not in html


def test_columns_need_the_data_set(package: Package) -> None:
    with pytest.raises(NotFoundError, match="data set of the model: found none of its digest in this home"):
        explain_one(spec(package(TABULAR), None, row={"age": 30, "job": "cook"}))


def test_an_empty_text_has_nothing_to_explain(package: Package, tmp_path: Path) -> None:
    found, _ = explain_one(spec(package("text_classification"), None, row={"text": "  "}))
    assert found.contributions == ()
    assert found.base == found.output
    empty = make_dataset(pa.table({"text": ["", " "]}), tmp_path / "data", test_rows=2)
    report = explain_many(spec(package("text_classification"), empty, into=tmp_path))
    assert report.left_out == dict.fromkeys(["shap", "lime", "gradients"], "no test row holds anything")
    assert json.loads((tmp_path / "explanation.json").read_text())["globals"] == []


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ({"age": 30, "work": "cook"}, "--row: found the column work; allowed: the columns of the model: age, job"),
        ({"age": 30}, "--row: found no column job; allowed: the columns of the model"),
        ({"age": "old", "job": "cook"}, "--row age: found 'old'; allowed: a number, or null where it is missing"),
        ({"age": True, "job": "cook"}, "--row age: found True; allowed: a number"),
        ({"age": 30, "job": 3}, "--row job: found 3; allowed: a text"),
        ({"text": "hello"}, "--text: found the column text; allowed: the columns of the model: age, job"),
    ],
)
def test_a_row_that_the_model_can_not_read(package: Package, row: dict[str, Any], told: str) -> None:
    with pytest.raises(RecipeError) as raised:
        row_table(load_features(package(TABULAR)), row)
    assert str(raised.value).startswith(told)


def test_missing_and_unknown_values_are_shown_as_such(package: Package, dataset: DatasetRef) -> None:
    found, _ = explain_one(spec(package(TABULAR), dataset, row={"age": None, "job": "astronaut"}))
    assert {part.part: part.value for part in found.contributions} == {"age": "missing", "job": "astronaut (unknown)"}


def test_a_number_that_no_test_row_has() -> None:
    with pytest.raises(RecipeError, match="--row: found 10; allowed: 0 to 9, the rows of the test split"):
        numbered_row(inputs(TABULAR, 10), 10)


def test_doubt_is_said_and_nothing_is_white() -> None:
    assert faithful_words(None) == "too few parts to tell whether this is faithful"
    assert shade(0.0, 1.0) == shade(1.0, 0.0) == "#ffffff"
    assert shade(0.5, 1.0) != shade(-0.5, 1.0)
