"""Cores and ports of the processes of a training."""

from __future__ import annotations

import socket
from dataclasses import replace

import pytest

from infra.devices import read_machine
from tasks.train.team.seats import free_ports, share, shares, usable_cores


def test_workers_divide_the_cores() -> None:
    cores = (0, 1, 4, 5, 6)

    assert [share(worker, 2, cores) for worker in (0, 1)] == [(0, 4, 6), (1, 5)]
    assert [share(worker, 6, cores) for worker in (0, 5)] == [(0,), (0,)]


def test_a_chief_and_a_parameter_server_may_use_all(caplog: pytest.LogCaptureFixture) -> None:
    assert shares(("chief", "worker", "worker", "ps"), (2, 3)) == [(2, 3), (2,), (3,), (2, 3)]
    assert not caplog.messages


def test_more_workers_than_cores_are_allowed_and_said(caplog: pytest.LogCaptureFixture) -> None:
    assert shares(("worker",) * 3, (0, 1)) == [(0,), (1,), (0,)]
    assert caplog.messages == ["3 workers share 2 cores"]


def test_free_ports_are_different_and_free() -> None:
    ports = free_ports(5)

    assert len(set(ports)) == 5
    for port in ports:
        with socket.socket() as one:
            one.bind(("127.0.0.1", port))


def test_a_quota_of_the_control_group_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    everything = usable_cores()
    machine = replace(read_machine(), cores=1)
    monkeypatch.setattr("tasks.train.team.seats.read_machine", lambda: machine)

    assert len(usable_cores()) == 1 and set(usable_cores()) <= set(everything)
    assert usable_cores() == usable_cores()
