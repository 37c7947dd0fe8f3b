"""Where runs are recorded: the home's running servers, or without them its databases.

Both see the same runs, models and files, so a run may begin with servers and end without.
"""

from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import urlsplit

from infra.errors import ServerError
from infra.servers import mlflow, prefect
from infra.servers.detached import is_alive
from infra.servers.embedded import EMBEDDED
from infra.servers.records import read_records
from infra.servers.server import is_reachable, responds
from infra.settings.home import HomeSettings
from infra.stores.home import check_home

_OURS = "LEPTON_CONNECTED"  # names the variables that `connect` set, here or in a parent process


def tracking_uri() -> str:
    """MLflow's address: the one that the user set, else the home's server if it runs, else its database."""
    return _set_by_user("MLFLOW_TRACKING_URI") or _running(mlflow.NAME) or mlflow.database_uri(HomeSettings())


def prefect_api_url() -> str:
    """Prefect's API: the one that the user set, else the home's server if it runs, else empty (embedded)."""
    running = _running(prefect.NAME)
    return _set_by_user("PREFECT_API_URL") or (f"{running}/api" if running else "")


def connect() -> None:
    """Point MLflow and Prefect at what runs now. Prefect reads its variable when it is imported: call this before.

    Raises:
        MachineError: the home can't be written.
        ServerError: a server that the user set does not answer.
    """
    check_home()
    for name in ("MLFLOW_TRACKING_URI", "PREFECT_API_URL"):
        _check_answer(name, _set_by_user(name))
    wanted = {"MLFLOW_TRACKING_URI": tracking_uri(), "PREFECT_API_URL": prefect_api_url()}
    ours = [name for name in wanted if not _set_by_user(name)]
    for name in ours:
        if wanted[name]:
            os.environ[name] = wanted[name]
        else:
            os.environ.pop(name, None)
    os.environ[_OURS] = " ".join(ours)


def artifact_location(experiment: str) -> str | None:
    """Where a new experiment keeps its files: a folder of the home; None: a server elsewhere decides."""
    if _set_by_user("MLFLOW_TRACKING_URI"):
        return None
    folder: Path = mlflow.artifacts(HomeSettings()) / experiment
    return str(folder)


def links(model: str, version: str, run_id: str) -> dict[str, str]:
    """Pages of a model version and its run in the UIs that run; without servers, none."""
    found: dict[str, str] = {}
    tracking, api = tracking_uri(), prefect_api_url()
    if tracking.startswith("http"):
        found["model"] = f"{tracking}/#/models/{model}/versions/{version}"
        found["run"] = f"{tracking}/#/runs/{run_id}"
    if api and api != os.environ.get(EMBEDDED):
        found["prefect"] = f"{api.removesuffix('/api')}/runs"
    return found


def _set_by_user(name: str) -> str:
    return "" if name in os.environ.get(_OURS, "").split() else os.environ.get(name, "")


def _check_answer(name: str, address: str) -> None:
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https"):  # a database or a folder: no server to ask
        return
    shown = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()  # a password is not for a message
    if not is_reachable(f"{shown.rstrip('/')}/health"):
        raise ServerError(
            f"{name} {shown}",
            found="no answer",
            allowed="the address of a running server",
            action=f"Start that server, correct {name}, or unset it to record in this home.",
        )


def _running(name: str) -> str:
    """The address of the home's server, if it answers."""
    record = read_records(HomeSettings()).get(name)
    return record.address if record and is_alive(record) and responds(record.health_url) else ""
