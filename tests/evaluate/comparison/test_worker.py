"""A champion that is not as one would have it ends no run: the report says why the two were not compared."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from tasks.data.references import DatasetRef
from tasks.evaluate.comparison.launcher import compare as launch
from tasks.evaluate.comparison.launcher import not_compared
from tasks.evaluate.comparison.spec import CompareSpec
from tasks.evaluate.comparison.worker import compare
from tasks.evaluate.intervals.config import IntervalOptions
from tasks.features.files import save_features
from tasks.features.tabular import fit_tabular
from tasks.model.tabular import build_tabular
from tasks.options import Task
from tasks.reports.quality import ComparisonReport
from tasks.runtime.package import PackageManifest, write_manifest
from tasks.runtime.predictor import load
from tests.packages import LABELS, inputs, make_dataset, with_truth

Package = Callable[[Task], Path]
OPTIONS = IntervalOptions(resamples=100)
TASK: Task = "tabular_classification"
CHAMPION = "models:/income/7"


@pytest.fixture(scope="module")
def dataset(package: Package, tmp_path_factory: pytest.TempPathFactory) -> DatasetRef:
    """Rows whose truth is what the candidate predicts, one of a label of its own."""
    rows = inputs(TASK)
    rows = with_truth(TASK, rows, load(package(TASK)).predict(rows))
    labels = ["maybe", *rows.column("label").to_pylist()[1:]]
    rows = rows.set_column(rows.column_names.index("label"), "label", pa.array(labels))
    return make_dataset(rows, tmp_path_factory.mktemp("data") / "rows", test_rows=30)


def champion(folder: Path, labels: tuple[str, ...] = LABELS[TASK], town: bool = False, weight: float = 0.1) -> Path:
    """A model of its own, on `age` and either `job` or `town`, all of whose weights are the same."""
    folder.mkdir()
    rows = inputs(TASK)
    rows = rows.append_column("town", rows.column("job"))
    features = fit_tabular(rows, ["age"], ["town" if town else "job"])
    network = build_tabular(features, len(labels), hidden_units=[4], dropout=0.0, seed=1)
    network.exported.set_weights([np.full(each.shape, weight) for each in network.exported.get_weights()])
    network.save(folder / "saved_model")
    write_manifest(folder, PackageManifest(task=TASK, format="saved_model", labels=labels, dataset_digest="d"))
    save_features(features, folder)
    return folder


def compared(candidate: Path, rival: Path, dataset: DatasetRef, into: Path) -> ComparisonReport:
    into.mkdir(exist_ok=True)
    return compare(
        CompareSpec(
            options=OPTIONS, candidate=candidate, champion=rival, champion_uri=CHAMPION, dataset=dataset, into=into
        )
    )


def test_another_model_on_the_same_rows(package: Package, dataset: DatasetRef, tmp_path: Path) -> None:
    found = compared(package(TASK), champion(tmp_path / "champion"), dataset, tmp_path)
    assert (found.champion, found.reason, found.rows, found.unknown_labels) == (CHAMPION, "", 30, ("maybe",))
    accuracy = {each.metric: each for each in found.differences}["accuracy"]
    assert accuracy.candidate == pytest.approx(29 / 30)
    assert accuracy.champion < accuracy.candidate


def test_a_label_that_the_champion_never_saw(package: Package, dataset: DatasetRef, tmp_path: Path) -> None:
    found = compared(package(TASK), champion(tmp_path / "champion", ("no", "perhaps")), dataset, tmp_path)
    assert found.reason == ""
    assert found.unknown_labels == ("maybe", "yes")
    assert "auc" not in [each.metric for each in found.differences]


def test_a_champion_that_gives_no_numbers(package: Package, dataset: DatasetRef, tmp_path: Path) -> None:
    found = compared(package(TASK), champion(tmp_path / "champion", weight=float("nan")), dataset, tmp_path)
    assert found.reason.startswith("the champion does not answer: model output: found NaN or infinity for 30 of 30")
    assert found.differences == ()


def test_a_champion_with_other_inputs(package: Package, dataset: DatasetRef, tmp_path: Path) -> None:
    found = compared(package(TASK), champion(tmp_path / "champion", town=True), dataset, tmp_path)
    assert found.reason == ("the champion's inputs are age, town, the candidate's age, job; the rows have no town")


def test_a_champion_of_another_task(package: Package, dataset: DatasetRef, tmp_path: Path) -> None:
    found = compared(package(TASK), package("rating_prediction"), dataset, tmp_path)
    assert found.reason == "the champion's task is rating_prediction, the candidate's tabular_classification"


@pytest.mark.parametrize("lost", ["", "saved_model"])
def test_a_champion_whose_files_are_gone(package: Package, dataset: DatasetRef, tmp_path: Path, lost: str) -> None:
    rival = champion(tmp_path / "champion")
    shutil.rmtree(rival / lost)
    found = compared(package(TASK), rival, dataset, tmp_path)
    assert found.reason.startswith("the champion does not answer: model package")


def test_the_report_of_a_fresh_process(package: Package, dataset: DatasetRef, tmp_path: Path) -> None:
    texts: list[str] = []
    launch(
        OPTIONS,
        package(TASK),
        package(TASK),
        CHAMPION,
        dataset,
        tmp_path / "report",
        tmp_path / "log",
        lambda event: texts.append(event["progress"]["text"]),
    )
    found = ComparisonReport.load(tmp_path / "report")
    assert found is not None
    assert {each.p_value for each in found.differences} == {1.0}
    assert texts == ["the candidate's answers", "the champion's answers", "differences"]


def test_a_reason_alone(tmp_path: Path) -> None:
    not_compared(CHAMPION, "its files are gone", tmp_path / "report")
    assert ComparisonReport.load(tmp_path / "report") == ComparisonReport(
        champion=CHAMPION, reason="its files are gone"
    )
