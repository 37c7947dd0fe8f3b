from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from infra.errors import MachineError, ServerError
from infra.servers.records import ServerRecord, write_records
from infra.settings.home import HomeSettings
from infra.stores.tracking import artifact_location, connect, links, prefect_api_url, tracking_uri

VARIABLES = ("MLFLOW_TRACKING_URI", "PREFECT_API_URL", "LEPTON_CONNECTED")


@pytest.fixture(autouse=True)
def unconnected(monkeypatch: pytest.MonkeyPatch) -> None:
    """No connection from outside, and none left behind."""
    for name in VARIABLES:
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)


@pytest.fixture
def answering() -> Iterator[str]:
    """The address of something that answers 200."""

    class Ok(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response_only(200)
            self.end_headers()

    server = HTTPServer(("127.0.0.1", 0), Ok)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def running(home: Path, answering: str, started: Callable[..., ServerRecord]) -> str:
    """Both servers of the home run and answer at this address."""
    sleep = (sys.executable, "-c", "import time; time.sleep(60)")
    records = {
        name: started(*sleep, name=name, address=answering, health_url=answering) for name in ("prefect", "mlflow")
    }
    write_records(HomeSettings(), records)
    return answering


def test_without_servers_runs_are_recorded_in_the_home(home: Path) -> None:
    assert tracking_uri() == f"sqlite:///{home}/mlflow/mlflow.db"
    assert prefect_api_url() == ""
    assert links("support", "1", "abc") == {}
    connect()
    assert os.environ["MLFLOW_TRACKING_URI"] == f"sqlite:///{home}/mlflow/mlflow.db"
    assert "PREFECT_API_URL" not in os.environ


def test_running_servers_are_used_and_linked(running: str) -> None:
    connect()
    assert os.environ["MLFLOW_TRACKING_URI"] == running
    assert os.environ["PREFECT_API_URL"] == f"{running}/api"
    assert links("support", "3", "abc") == {
        "model": f"{running}/#/models/support/versions/3",
        "run": f"{running}/#/runs/abc",
        "prefect": f"{running}/runs",
    }


def test_a_server_that_went_is_not_used_any_more(home: Path, running: str) -> None:
    connect()
    write_records(HomeSettings(), {})
    connect()
    assert os.environ["MLFLOW_TRACKING_URI"].startswith("sqlite:///")
    assert "PREFECT_API_URL" not in os.environ


def test_what_the_user_set_stays(running: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"{running}/team")
    connect()
    assert os.environ["MLFLOW_TRACKING_URI"] == tracking_uri() == f"{running}/team"
    assert os.environ["PREFECT_API_URL"] == f"{running}/api"
    assert artifact_location("support") is None


def test_files_lie_in_the_same_folder_with_servers_and_without(home: Path, running: str) -> None:
    with_servers = artifact_location("support")
    write_records(HomeSettings(), {})
    assert artifact_location("support") == with_servers == str(home / "mlflow" / "artifacts" / "support")


@pytest.mark.parametrize(
    ("name", "address", "shown"),
    [
        ("PREFECT_API_URL", "http://127.0.0.1:9/api", "http://127.0.0.1:9/api"),
        ("MLFLOW_TRACKING_URI", "http://me:secret@127.0.0.1:9", "http://127.0.0.1:9"),
    ],
)
def test_a_server_of_the_user_that_does_not_answer(
    home: Path, monkeypatch: pytest.MonkeyPatch, name: str, address: str, shown: str
) -> None:
    monkeypatch.setenv(name, address)
    with pytest.raises(ServerError) as raised:
        connect()
    assert str(raised.value) == (
        f"{name} {shown}: found no answer; allowed: the address of a running server. "
        f"Start that server, correct {name}, or unset it to record in this home."
    )


def test_a_home_that_can_not_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("LEPTON_HOME", str(tmp_path / "file"))
    with pytest.raises(MachineError, match="a folder that this user may write to"):
        connect()
