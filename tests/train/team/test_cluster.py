"""How a process joins the others of its training."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tasks.train.spec import Role, TrainSpec
from tasks.train.team.cluster import (
    hosts,
    is_distributed,
    leave_if_port_is_taken,
    leave_if_server_did_not_start,
    tf_config,
    waiting_threads,
)
from tasks.train.team.seats import free_ports
from tests.train.conftest import tabular


def spec(cluster: dict[Role, tuple[str, ...]], role: Role = "worker", worker: int = 0) -> TrainSpec:
    return TrainSpec(
        options=tabular(),
        dataset_path="",
        dataset_digest="",
        weights=None,
        work=Path("work"),
        package=Path("package"),
        role=role,
        worker=worker,
        cluster=cluster,
        cores=(0,),
    )


@pytest.fixture
def events(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    sent: list[dict[str, Any]] = []
    monkeypatch.setattr("tasks.train.team.cluster.emit", sent.append)
    return sent


@pytest.fixture
def taken() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}"


def test_what_tensorflow_is_told() -> None:
    two = spec({"worker": ("10.0.0.2:1", "10.0.0.3:2")}, worker=1)

    assert json.loads(tf_config(two)) == {
        "cluster": {"worker": ["10.0.0.2:1", "10.0.0.3:2"]},
        "task": {"type": "worker", "index": 1},
    }
    assert set(hosts(two).split(",")) == {"10.0.0.2", "10.0.0.3"}
    assert is_distributed(two) and not is_distributed(spec({"worker": ("127.0.0.1:1",)}))


def test_roles_with_and_without_a_parameter_server() -> None:
    together: dict[Role, tuple[str, ...]] = {"worker": ("h:1", "h:2")}
    apart: dict[Role, tuple[str, ...]] = {"chief": ("h:1",), "worker": ("h:2",), "ps": ("h:3",)}

    first, second = spec(together), spec(together, worker=1)
    assert (first.is_chief, second.is_chief, first.has_result, second.has_result) == (True, False, True, True)
    assert not first.is_replaceable and first.workers == 2 and second.address == "h:2"
    chief, worker, ps = spec(apart, "chief"), spec(apart), spec(apart, "ps")
    assert [one.is_chief for one in (chief, worker, ps)] == [True, False, False]
    assert [one.has_result for one in (chief, worker, ps)] == [True, False, False]
    assert [one.is_replaceable for one in (chief, worker, ps)] == [False, True, False]
    assert [one.name for one in (chief, worker, ps)] == ["chief", "worker 0", "ps 0"]
    assert [waiting_threads(one) for one in (first, worker)] == [2, 4]


def test_a_taken_port_is_told_and_ends_the_process(events: list[dict[str, Any]], taken: str) -> None:
    leave_if_port_is_taken(spec({"worker": (f"127.0.0.1:{free_ports(1)[0]}", "h:1")}))
    assert not events

    with pytest.raises(SystemExit):
        leave_if_port_is_taken(spec({"worker": (taken, "h:1")}))
    assert events == [{"port_taken": taken}]


def test_so_is_one_that_only_tensorflow_finds_taken(events: list[dict[str, Any]], taken: str) -> None:
    import tensorflow as tf

    with pytest.raises(tf.errors.UnknownError) as caught:
        tf.distribute.Server({"worker": [taken]}, "worker", 0, protocol="grpc")

    with pytest.raises(SystemExit):
        leave_if_server_did_not_start(spec({"worker": (taken,)}), caught.value)
    assert events == [{"port_taken": taken}]
    leave_if_server_did_not_start(spec({"worker": (taken,)}), RuntimeError("something else"))
