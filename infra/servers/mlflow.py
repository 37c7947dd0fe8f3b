"""MLflow's server: tracking, registry and UI, on SQLite and a folder in the home."""

from __future__ import annotations

import sys
from pathlib import Path

from infra.servers.server import ServerSpec, address_of
from infra.settings.home import HomeSettings
from infra.settings.servers import ServerSettings

NAME = "mlflow"


def database_uri(home: HomeSettings) -> str:
    """The database, as the server and a run without a server open it."""
    return f"sqlite:///{home.root / 'mlflow' / 'mlflow.db'}"


def artifacts(home: HomeSettings) -> Path:
    """The folder that holds the files of all runs."""
    return home.root / "mlflow" / "artifacts"


def mlflow_server(settings: ServerSettings, home: HomeSettings) -> ServerSpec:
    """How to start it.

    Artifacts keep plain paths of the home, so that a run is readable with the server and without it.
    """
    artifacts(home).mkdir(parents=True, exist_ok=True)
    address = address_of(settings.host, settings.mlflow_port)
    return ServerSpec(
        name=NAME,
        command=(
            *(sys.executable, "-m", "mlflow", "server", "--workers", "1"),
            *("--backend-store-uri", database_uri(home), "--default-artifact-root", str(artifacts(home))),
            *("--serve-artifacts", "--artifacts-destination", str(artifacts(home))),
            *("--host", settings.host, "--port", str(settings.mlflow_port)),
        ),
        address=address,
        port=settings.mlflow_port,
        port_setting="LEPTON_MLFLOW_PORT",
        health_url=f"{address}/health",
        environment={
            "MLFLOW_DISABLE_TELEMETRY": "true",
            # Jobs serve its evaluation of language models; they would take eight more processes.
            "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        },
    )
