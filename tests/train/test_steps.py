"""What a training leaves in MLflow and Prefect, also one that fails, on a real database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from infra.errors import TrainingError
from tasks.data.references import DatasetRef
from tasks.train import steps
from tests.train.conftest import tabular

if TYPE_CHECKING:
    from mlflow import MlflowClient


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MlflowClient]:
    import mlflow

    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LEPTON_HOME", str(home))
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        yield mlflow.MlflowClient(f"sqlite:///{home}/mlflow.db")


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What comes to Prefect's page, by key."""
    told: dict[str, str] = {}
    monkeypatch.setattr(
        steps, "create_markdown_artifact", lambda markdown, key, description: told.update({key: markdown})
    )
    return told


def test_a_training_leaves_options_curves_files_and_a_picture(
    client: MlflowClient, shown: dict[str, str], dataset: DatasetRef, tmp_path: Path
) -> None:
    options = tabular(epochs=2)
    run_id, is_new = steps._run(client, "people", options, dataset, tmp_path / "work")
    again = steps._run(client, "people", options, dataset, tmp_path / "work")
    assert (is_new, again) == (True, (run_id, False)), "a killed training goes on in its run"
    with steps._recorded(client, "people", run_id, tmp_path / "work", 2) as recorder:
        for step in (1, 2, 3):
            recorder.take({"metrics": {"step": step, "loss": 1.0 / step, "peak_memory_mb": 10.0}})
        outcome = {"loss": 0.3, "steps": 3, "rows": 56, "peak_memory_mb": 10.0, "restarts": 1, "fit_seconds": 2.5}
        steps._send(client, run_id, steps._figures(outcome, recorder.curves.names))

    run = client.get_run(run_id)
    assert run.info.status == "FINISHED"
    assert run.data.params["optimizer.learning_rate"] == "0.02" and run.data.params["numeric"] == "['age']"
    assert run.inputs and run.inputs.dataset_inputs[0].dataset.digest == dataset.digest[:36]
    history = client.get_metric_history(run_id, "loss")
    assert [(point.step, point.value) for point in history] == [(1, 1.0), (2, 0.5), (3, pytest.approx(1 / 3))]
    assert (run.data.metrics["restarts"], run.data.metrics["fit_seconds"]) == (1.0, 2.5)
    assert len(client.get_metric_history(run_id, "peak_memory_mb")) == 3, "of a curve, no figure beside it"
    assert {file.path for file in client.list_artifacts(run_id)} == {"curves.csv", "curves.png", "tensorboard"}
    assert shown["people-curves"].startswith("![") and "(data:image/png;base64,iVBOR" in shown["people-curves"]
    assert shown["people-curves"].endswith("| loss | 0.33333 | 3 |\n| peak_memory_mb | 10 | 3 |")


def test_points_that_are_sent_again_are_known_by_mlflow(
    client: MlflowClient, shown: dict[str, str], dataset: DatasetRef, tmp_path: Path
) -> None:
    run_id, _ = steps._run(client, "people", tabular(), dataset, tmp_path / "work")
    for first, last in ((1, 4), (3, 6)):  # killed after 4, gone on from 2
        with steps._recorded(client, "people", run_id, tmp_path / "work", 1) as recorder:
            for step in range(first, last + 1):
                recorder.take({"metrics": {"step": step, "loss": float(step)}})
    assert [point.step for point in client.get_metric_history(run_id, "loss")] == [1, 2, 3, 4, 5, 6]


def test_a_training_that_fails_shows_how_far_it_came(
    client: MlflowClient, shown: dict[str, str], dataset: DatasetRef, tmp_path: Path
) -> None:
    run_id, _ = steps._run(client, "people", tabular(), dataset, tmp_path / "work")
    error = TrainingError("train.optimizer.learning_rate", found="9.0", allowed="less", action="Lower it.")

    def fail() -> None:
        with steps._recorded(client, "people", run_id, tmp_path / "work", 1) as recorder:
            recorder.take({"metrics": {"step": 1, "loss": float("nan")}})
            raise error

    with pytest.raises(TrainingError, match=r"found 9\.0"):
        fail()
    assert client.get_run(run_id).info.status == "FAILED"
    assert "curves.png" in {file.path for file in client.list_artifacts(run_id)}
    assert "| loss | nan | 1 |" in shown["people-curves"]
