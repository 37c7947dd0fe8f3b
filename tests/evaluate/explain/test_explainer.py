from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from infra.errors import RecipeError
from tasks.evaluate.explain.columns import to_arrays, to_matrix
from tasks.evaluate.explain.config import ExplainOptions, Method
from tasks.evaluate.explain.explainer import Explainer
from tasks.evaluate.explain.float_model import tokens_of
from tasks.evaluate.explain.many import importances, report
from tasks.evaluate.explain.single import explain_row
from tasks.features.text import TextFeatures
from tasks.options import Task
from tasks.runtime.predictor import load
from tests.packages import TASKS, inputs

Package = Callable[[Task], Path]
ROWS = 6


def explainer(package: Path, task: Task, **options: object) -> Explainer:
    return Explainer(ExplainOptions.model_validate(options), load(package), package, inputs(task, 60))


@pytest.mark.parametrize("task", TASKS)
def test_a_game_with_all_parts_is_the_row(package: Package, task: Task) -> None:
    model = explainer(package(task), task)
    table = inputs(task, ROWS)
    for place, row in enumerate(model.rows(table)):
        whole = table.slice(place, 1)
        if task == "text_heads":
            (told,) = model.predictor.head_outputs(whole)["label"]
        elif task == "text_retrieval":
            told = model.predictor.answers.similarities(model.predictor.row_outputs(whole))[0]  # type: ignore[union-attr]
        else:
            told = model.predictor.row_outputs(whole).reshape(1, -1)[0]
        assert row.game.output == pytest.approx(float(told.max()), abs=1e-5)


@pytest.mark.parametrize("task", TASKS)
def test_shap_adds_up_and_gradients_are_complete(package: Package, task: Task) -> None:
    model = explainer(package(task), task)
    for row in model.rows(inputs(task, 3)):
        exact = explain_row(model, "shap", row)
        assert exact.unexplained == pytest.approx(0, abs=1e-6)
        integrated = explain_row(model, "gradients", row)
        whole = max(abs(integrated.output - integrated.base), 0.01)
        assert abs(integrated.unexplained) < 0.02 * whole + 1e-4
        assert integrated.output == pytest.approx(row.game.output, abs=1e-4)  # the package is its own float model


def test_a_column_that_is_away_has_the_values_of_train_rows(package: Package) -> None:
    model = explainer(package("tabular_classification"), "tabular_classification", background=5)
    (row,) = model.rows(inputs("tabular_classification", 1))
    ages = model.train.column("age").to_pylist()[:5]
    mixed = pa.table({"age": ages, "job": inputs("tabular_classification", 1).column("job").to_pylist() * 5})
    place = row.outcome.place
    expected = model.predictor.row_outputs(mixed)[:, place].mean()
    assert row.game.worth(np.array([[False, True]]))[0] == pytest.approx(float(expected), abs=1e-5)


def test_columns_are_encoded_and_back(package: Package) -> None:
    for task in ("tabular_classification", "rating_prediction"):
        features = load(package(task)).features
        encoded = features.encode(inputs(task))
        back = to_arrays(features, to_matrix(features, inputs(task)))  # type: ignore[arg-type]
        assert set(back) == set(encoded)
        assert all(np.array_equal(back[name], encoded[name]) for name in encoded)


def test_words_that_the_model_cuts_off_are_no_parts(package: Package) -> None:
    model = explainer(package("text_classification"), "text_classification")
    (row,) = model.rows(pa.table({"text": ["show me flights to boston " * 10]}))
    assert len(row.game.parts) == 14  # of 16 tokens two are begin and end
    assert model.rows(pa.table({"text": ["  "]}))[0].game.parts == ()


def test_tokens_belong_to_the_words_they_are_of(package: Package) -> None:
    features = load(package("text_classification")).features
    assert isinstance(features, TextFeatures)
    ids, owners = tokens_of(features, ["show me", "flights,", "please"])
    assert ids.shape == owners.shape
    assert owners[0].tolist() == [-1, 0, 0, 1, 1, 2, -1]  # the comma is a token of its own


def test_a_word_counts_in_the_rows_that_have_it(package: Package) -> None:
    model = explainer(package("text_classification"), "text_classification")
    rows = model.rows(pa.table({"text": ["Boston boston", "denver.", "boston"]}))
    found = [model.attribution("shap", row)[0] for row in rows]
    ranked = {each.part: each for each in importances(rows, found, 0.95)}
    assert set(ranked) == {"boston", "denver"}
    assert ranked["boston"].rows == 2
    sizes = [np.abs(found[0].weights).sum(), 0.0, np.abs(found[2].weights).sum()]
    assert ranked["boston"].importance.value == pytest.approx(np.mean(sizes))


def test_the_column_that_decides_comes_first(package: Package) -> None:
    model = explainer(package("tabular_classification"), "tabular_classification")
    found = report(model, model.rows(inputs("tabular_classification", 8)))
    assert [whole.method for whole in found.globals] == ["shap", "lime", "gradients"]
    assert not found.left_out
    for whole in found.globals:
        assert whole.rows == 8
        assert not whole.is_cut
        assert whole.faithfulness.is_faithful
        assert whole.importances[0].part == "age"  # the fixture's weights hang on it


def test_an_explainer_that_returns_noise_is_told_so(package: Package, monkeypatch: pytest.MonkeyPatch) -> None:
    from tasks.evaluate.explain import explainer as module
    from tasks.evaluate.explain.game import Attribution

    random = np.random.default_rng(2)
    monkeypatch.setattr(module, "shapley", lambda game, _: Attribution(0.0, random.normal(size=len(game.parts))))
    model = explainer(package("text_classification"), "text_classification", methods=["shap"])
    found = report(model, [row for row in model.rows(inputs("text_classification", 25)) if row.game.parts])
    assert not found.globals[0].faithfulness.is_faithful


def test_time_that_is_up_cuts_and_says_so(package: Package) -> None:
    model = explainer(package("rating_prediction"), "rating_prediction", methods=["shap"], seconds=1e-9)
    (whole,) = report(model, model.rows(inputs("rating_prediction", 4))).globals
    assert (whole.rows, whole.is_cut) == (1, True)
    assert whole.importances[0].importance.low is None


def test_gradients_of_a_model_that_has_none(package: Package, tmp_path: Path) -> None:
    from tasks.runtime.package import read_manifest, write_manifest

    folder = package("rating_prediction")
    (tmp_path / "features.json").write_bytes((folder / "features.json").read_bytes())
    write_manifest(tmp_path, read_manifest(folder).model_copy(update={"format": "tflite"}))
    model = Explainer(ExplainOptions(methods=["gradients"]), load(folder), tmp_path, inputs("rating_prediction", 60))
    found = report(model, model.rows(inputs("rating_prediction", 2)))
    assert found.globals == ()
    assert "found a model in the format tflite" in found.left_out["gradients"]
    with pytest.raises(RecipeError, match="or one whose parent is there"):
        explain_row(model, "gradients", model.rows(inputs("rating_prediction", 1))[0])


@pytest.mark.parametrize("method", ["shap", "lime", "gradients"])
def test_an_explanation_comes_twice_the_same(package: Package, method: Method) -> None:
    model = explainer(package("tabular_classification"), "tabular_classification")
    once, again = (model.rows(inputs("tabular_classification", 1))[0] for _ in range(2))
    assert explain_row(model, method, once) == explain_row(model, method, again)
