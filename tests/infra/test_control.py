from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from infra.errors import BusyError, MachineError, ServerError
from infra.servers import control
from infra.servers.control import down, status, up
from infra.servers.detached import family, planned, start
from infra.servers.records import read_records, write_records
from infra.servers.server import ServerSpec, address_of
from infra.settings.home import HomeSettings
from infra.stores.lock import home_lock


@pytest.fixture
def taken_port() -> Iterator[int]:
    """A port that another program listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.mark.parametrize("server", ["prefect", "mlflow"])
def test_a_taken_port_is_told_before_anything_starts(
    home: Path, taken_port: int, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = {"prefect": "mlflow", "mlflow": "prefect"}[server]
    monkeypatch.setenv(f"LEPTON_{server.upper()}_PORT", str(taken_port))
    monkeypatch.setenv(f"LEPTON_{other.upper()}_PORT", str(free_port()))
    message = (
        f"port {taken_port} for {server}: found in use by another program; allowed: a free port. "
        f"Stop that program, or set LEPTON_{server.upper()}_PORT to a free port."
    )
    with pytest.raises(MachineError) as raised:
        up("flows.deployments")
    assert str(raised.value) == message
    assert not (home / "servers.json").exists()
    assert not (home / "logs").exists()


def test_two_servers_on_one_port_are_refused(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    port = str(free_port())
    monkeypatch.setenv("LEPTON_PREFECT_PORT", port)
    monkeypatch.setenv("LEPTON_MLFLOW_PORT", port)
    with pytest.raises(MachineError, match=f"port {port} for mlflow: found in use by prefect"):
        up("flows.deployments")


def test_an_interface_that_is_not_ours_is_told(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEPTON_HOST", "192.0.2.1")  # an address kept for documentation, see RFC 5737
    with pytest.raises(MachineError, match=r"address 192\.0\.2\.1:4200: found .*LEPTON_HOST"):
        up("flows.deployments")


def test_without_servers_all_are_stopped_and_down_does_nothing(home: Path) -> None:
    assert [(server.name, server.state) for server in status()] == [
        ("prefect", "stopped"),
        ("mlflow", "stopped"),
        ("deployments", "stopped"),
    ]
    assert down() == []


def test_a_server_that_ends_at_once_is_told_with_its_log(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = ServerSpec(
        name="prefect",
        command=("sh", "-c", "echo no such table; exit 3"),
        port=free_port(),
        health_url="http://[::1]:1",
    )
    monkeypatch.setattr(control, "prefect_server", lambda _: broken)
    monkeypatch.setattr(control, "mlflow_server", lambda *_: ServerSpec(name="mlflow", command=("sleep", "60")))
    with pytest.raises(ServerError, match="server prefect: found its end; its log ends: no such table"):
        up("flows.deployments")
    assert {server.state for server in status()} == {"stopped"}, "the other one is stopped again"


def test_a_server_that_never_answers_is_told_in_time(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEPTON_START_TIMEOUT_SECONDS", "0.5")
    mute = ServerSpec(name="prefect", command=("sleep", "60"), port=free_port(), health_url="http://127.0.0.1:1")
    monkeypatch.setattr(control, "prefect_server", lambda _: mute)
    monkeypatch.setattr(control, "mlflow_server", lambda *_: ServerSpec(name="mlflow", command=("sleep", "60")))
    with pytest.raises(ServerError, match=r"found no answer; .* allowed: an answer within 0\.5 s"):
        up("flows.deployments")
    assert not (home / "servers.json").exists()


def test_a_run_without_servers_keeps_them_from_starting(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEPTON_PREFECT_PORT", str(free_port()))
    monkeypatch.setenv("LEPTON_MLFLOW_PORT", str(free_port()))
    with home_lock("news"), pytest.raises(BusyError, match=r"a run in progress \(news"):
        up("flows.deployments")
    assert not (home / "servers.json").exists()


def test_down_stops_what_a_killed_up_had_just_begun(home: Path) -> None:
    spec = ServerSpec(name="prefect", command=("sleep", "60"))
    plan = planned(spec, home / "logs" / "prefect.log")
    write_records(HomeSettings(), {"prefect": plan})
    start(spec, plan)
    assert {server.name: server.state for server in status()}["prefect"] == "died"
    assert [server.name for server in down()] == ["prefect"]
    assert family(plan) == []
    assert read_records(HomeSettings()) == {}


@pytest.mark.parametrize("command", [status, down, lambda: up("flows.deployments")], ids=["status", "down", "up"])
def test_a_home_that_can_not_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: Callable[[], object]
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("LEPTON_HOME", str(tmp_path / "file"))
    with pytest.raises(MachineError, match="a folder that this user may write to"):
        command()


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "http://127.0.0.1:80"),
        ("0.0.0.0", "http://127.0.0.1:80"),
        ("::1", "http://[::1]:80"),
        ("db.example", "http://db.example:80"),
    ],
)
def test_address_of_a_host(host: str, address: str) -> None:
    assert address_of(host, 80) == address
