from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from infra.servers.detached import MARK, family, is_alive, planned, start, stop
from infra.servers.records import ServerRecord
from infra.servers.server import ServerSpec

Starter = Callable[..., ServerRecord]
# A server with a child in a session of its own, and one that does not heed SIGTERM.
PARENT = f"""
import signal, subprocess, time
deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"
subprocess.Popen([{sys.executable!r}, "-c", "import time; time.sleep(60)"], start_new_session=True)
subprocess.Popen([{sys.executable!r}, "-c", deaf])
time.sleep(60)
"""


def wait_for(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)


@pytest.fixture
def parent(started: Starter) -> ServerRecord:
    record = started(sys.executable, "-c", PARENT)
    wait_for(lambda: len(family(record)) == 3 and "deaf" in record.log.read_text())
    return record


def test_stop_ends_all_that_was_started_even_what_does_not_heed(parent: ServerRecord) -> None:
    stop(parent, grace_seconds=0.5)
    assert not is_alive(parent)
    assert family(parent) == []


def test_children_are_found_when_their_parent_was_killed(parent: ServerRecord) -> None:
    psutil.Process(parent.pid).kill()
    wait_for(lambda: not is_alive(parent))
    assert len(family(parent)) == 2
    stop(parent, grace_seconds=0.5)
    assert family(parent) == []


def test_a_later_process_with_the_same_id_is_left_alone(started: Starter) -> None:
    ours = started(sys.executable, "-c", "import time; time.sleep(60)")
    stale = ours.model_copy(update={"created": ours.created - 100, "mark": "of an earlier process"})
    assert not is_alive(stale)
    stop(stale, grace_seconds=0.5)
    assert is_alive(ours)


def test_it_has_a_session_of_its_own_and_no_address_of_its_parent(
    started: Starter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:///elsewhere.db")
    monkeypatch.setenv("PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL", "CRITICAL")
    record = started(sys.executable, "-c", "import os, time; print(os.getsid(0), flush=True); time.sleep(60)")
    wait_for(lambda: record.log.read_text() == f"{record.pid}\n")
    environment = psutil.Process(record.pid).environ()
    assert environment[MARK] == record.mark
    assert "MLFLOW_TRACKING_URI" not in environment
    assert "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL" not in environment, "a server's log would be empty"


def test_a_server_whose_start_was_not_recorded_is_found_by_its_plan(tmp_path: Path) -> None:
    spec = ServerSpec(name="server", command=(sys.executable, "-c", "import time; time.sleep(60)"))
    plan = planned(spec, tmp_path / "server.log")
    assert not is_alive(plan)
    assert family(plan) == []
    record = start(spec, plan)
    assert is_alive(record)
    stop(plan)
    assert not is_alive(record)


def test_a_new_start_keeps_the_last_log(tmp_path: Path) -> None:
    log = tmp_path / "server.log"
    for word in ("first", "second"):
        spec = ServerSpec(name="server", command=(sys.executable, "-c", f"print({word!r})"))
        record = start(spec, planned(spec, log))
        wait_for(lambda record=record: not is_alive(record))  # type: ignore[misc]
    assert log.read_text() == "second\n"
    assert (tmp_path / "server.last.log").read_text() == "first\n"
