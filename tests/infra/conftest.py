from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from infra.servers.detached import family, planned, start
from infra.servers.records import ServerRecord
from infra.servers.server import ServerSpec

Starter = Callable[..., ServerRecord]


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Starter]:
    """Starts detached processes, and sees that none is left."""
    records: list[ServerRecord] = []

    def begin(*command: str, name: str = "sleeper", address: str = "", health_url: str = "") -> ServerRecord:
        spec = ServerSpec(name=name, command=command, address=address, health_url=health_url)
        records.append(start(spec, planned(spec, tmp_path / f"{name}.log")))
        return records[-1]

    yield begin
    for record in records:
        for process in family(record):
            os.kill(process.pid, signal.SIGKILL)


@pytest.fixture(autouse=True)
def kept_environment() -> Iterator[None]:
    """What `configure` and `connect` put into the environment ends with the test."""
    kept = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(kept)
