from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from infra.errors import DataError
from tasks.data.references import ModelRef
from tasks.evaluate.config import EvaluateOptions
from tasks.evaluate.fairness.config import FairnessOptions
from tasks.evaluate.fairness.part import fairness
from tasks.evaluate.fairness.spec import TradeOffSpec, Way
from tasks.evaluate.fairness.worker import work
from tasks.evaluate.scored import score
from tasks.evaluate.subject import Subject
from tasks.options import Task
from tasks.reports.fairness import FairnessReport, TradeOffReport
from tasks.runtime.predictor import load
from tests.packages import inputs, make_dataset

Package = Callable[[Task], Path]


def subject(package: Path, into: Path, options: FairnessOptions) -> Subject:
    """A classifier of 80 persons, each third one with a true label that it does not tell."""
    rows, predictor = inputs("tabular_classification", 80), load(package)
    told = predictor.predict(rows).column("label").to_pylist()
    labels = [("yes" if label == "no" else "no") if place % 3 == 0 else label for place, label in enumerate(told)]
    sex = ["f", "f", "m", "m", "m", "m", "m", None] * 10
    rows = rows.append_column("label", pa.array(labels)).append_column("sex", pa.array(sex))
    dataset = make_dataset(rows, into / "data", test_rows=80)
    scored = score(predictor, rows, lambda: rows)
    return Subject(EvaluateOptions(fairness=options), package, predictor, dataset, rows, scored, into)


def test_a_report_has_groups_small_ones_and_inputs_that_are_protected(package: Package, tmp_path: Path) -> None:
    options = FairnessOptions(protected=["sex", "job"], small_group=12)
    one = subject(package("tabular_classification"), tmp_path, options)
    figures = fairness(one)
    report = FairnessReport.load(tmp_path)
    assert report is not None
    sex, _, both = report.protected
    assert [(group.name, group.rows, group.is_small) for group in sex.groups] == [
        ("f", 20, False),
        ("m", 50, False),
        ("(missing)", 10, True),
    ]
    assert sex.left_out["(missing)"] == "10 rows, fewer than 12"
    assert both.name == "sex and job"
    assert report.learned_from == ("job",)
    told = one.scored.rows.column("sex").to_pylist()
    right = np.array([each == "m" for each in told])
    assert sex.groups[1].rates["accuracy"].value == pytest.approx(one.scored.merits[right].mean())
    assert figures["fairness_demographic_parity_difference_sex"] == pytest.approx(
        sex.disparities["demographic_parity_difference"].value
    )
    assert all(set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789_") for name in figures)
    files = {file.name for file in tmp_path.iterdir()}
    assert {"fairness_rates.csv", "fairness_disparities.csv", "fairness_sex_and_job.png"} <= files


def test_nothing_is_measured_where_nothing_is_protected(package: Package, tmp_path: Path) -> None:
    assert fairness(subject(package("tabular_classification"), tmp_path, FairnessOptions())) == {}
    assert FairnessReport.load(tmp_path) is None


def test_groups_that_are_all_small_have_a_reason_and_no_figures(package: Package, tmp_path: Path) -> None:
    options = FairnessOptions(protected=["sex"], small_group=60)
    assert fairness(subject(package("tabular_classification"), tmp_path, options)) == {}
    report = FairnessReport.load(tmp_path)
    assert report is not None
    assert report.protected[0].reason == "0 of 3 groups has 60 rows or more; two are needed"


def test_a_column_that_the_data_lacks(package: Package, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="gender: found columns age, job, label, sex; allowed: a column of the data"):
        fairness(subject(package("tabular_classification"), tmp_path, FairnessOptions(protected=["gender"])))


def test_the_child_process_compares_two_packages(package: Package, tmp_path: Path) -> None:
    folder = package("tabular_classification")
    one = subject(
        folder, tmp_path, FairnessOptions(protected=["sex"], small_group=15, disparity="equalized_odds_ratio")
    )
    ways = tuple(
        Way(mitigation=name, model=ModelRef(path=str(folder), digest="d", run_id="r"), is_chosen=name == "none")
        for name in ("none", "reweighing")
    )
    (tmp_path / "out").mkdir()
    spec = TradeOffSpec(options=one.options, ways=ways, dataset=one.dataset, into=tmp_path / "out")
    work(spec.model_dump_json())
    report = TradeOffReport.load(tmp_path / "out")
    assert report is not None
    assert len(report.ways) + len(report.left_out) == 2
    assert all(way.quality.value == pytest.approx(one.scored.merits.mean()) for way in report.ways)
    assert (tmp_path / "out" / "tradeoff.csv").exists()
