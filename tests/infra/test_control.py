from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.errors import MachineError, ServerError
from infra.servers import control
from infra.servers.control import down, status, up
from infra.servers.server import ServerSpec, address_of


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
