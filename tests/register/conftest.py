from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from infra.stores.tracking import connect

if TYPE_CHECKING:
    from mlflow import MlflowClient


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MlflowClient]:
    """Of a registry in a home of its own."""
    with pytest.MonkeyPatch.context() as patch:
        home = tmp_path_factory.mktemp("home")
        patch.setenv("LEPTON_HOME", str(home))
        patch.chdir(home)  # artifacts of MLflow's own first experiment lie where the process runs
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        connect()
        import mlflow

        yield mlflow.MlflowClient()
