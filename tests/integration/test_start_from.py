"""A run goes on from a model that an earlier one registered."""

from __future__ import annotations

from pathlib import Path

import pytest
from mlflow import MlflowClient

from tests.integration.loans import Ended, lepton, write_loans


def run(folder: Path, *overrides: str) -> Ended:
    words = [word for override in overrides for word in ("--set", override)]
    return lepton(folder / "home", "run", str(folder / "loans.yaml"), "--json", *words, cwd=folder, seconds=800)


@pytest.mark.slow
@pytest.mark.timeout(2400)
def test_the_parent_is_recorded_and_a_compressed_one_refused(tmp_path: Path) -> None:
    write_loans(tmp_path)
    first = run(tmp_path)
    assert first.code == 0, first.err

    second = run(tmp_path, "train.start_from=models:/loans/1", "train.epochs=1")

    assert second.code == 0, second.err
    assert "train" in second.ran
    client = MlflowClient(f"sqlite:///{tmp_path / 'home'}/mlflow/mlflow.db")
    version = client.get_model_version("loans", second.summary["models"][0]["uri"].rsplit("/", 1)[1])
    assert version.tags["lepton.started_from"] == "models:/loans/1"
    assert client.get_run(version.run_id or "").data.tags["lepton.started_from"] == "models:/loans/1"
    refused = run(tmp_path, "train.start_from=models:/loans@champion")
    assert refused.code == 10
    assert "whose weights were compressed to tflite" in refused.err and "models:/loans/" in refused.err
