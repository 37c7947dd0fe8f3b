"""Where a champion's package comes from, and what is told where there is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows import comparing
from infra.stores.tracking import connect
from tasks.data.references import VersionRef


def test_a_champion_whose_files_are_gone_from_the_store(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    connect()
    import mlflow

    client = mlflow.MlflowClient()
    client.create_registered_model("income")
    store = home / "mlflow" / "files"
    version = client.create_model_version("income", str(store), tags={"lepton.package_digest": "d" * 64})
    champion = VersionRef(name="income", version=str(version.version), run_id="", digest="d" * 64)
    package, reason = comparing._package(champion)
    assert package is None
    assert reason.startswith("model models:/income/1: found no package in it")
