"""The process that serves deployments: waits for runs that the Prefect server hands out, and runs them."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from infra.servers.server import ServerSpec
from infra.settings.home import HomeSettings

NAME = "deployments"
_READY_FILE = "LEPTON_READY_FILE"


def deployments_server(module: str, home: HomeSettings, prefect_address: str) -> ServerSpec:
    """How to start `python -m module`, which calls `mark_ready` once it serves."""
    ready_file = home.root / "servers" / f"{NAME}.ready"
    return ServerSpec(
        name=NAME,
        command=(sys.executable, "-m", module),
        ready_file=ready_file,
        environment={
            "PREFECT_API_URL": f"{prefect_address}/api",
            # The UI shows a run's log, so there should be one.
            "PREFECT_LOGGING_LOGGERS_PREFECT_FLOW_RUNS_LEVEL": "INFO",
            "PREFECT_LOGGING_LOGGERS_PREFECT_TASK_RUNS_LEVEL": "INFO",
            _READY_FILE: str(ready_file),
        },
    )


def mark_ready() -> None:
    """In the serving process: tell whoever started it that it serves."""
    if name := os.environ.get(_READY_FILE):
        Path(name).write_text(str(os.getpid()), encoding="utf-8")


def is_started_by_up() -> bool:
    """In the serving process: whether `lepton up` started it, so that the servers are this home's own."""
    return _READY_FILE in os.environ
