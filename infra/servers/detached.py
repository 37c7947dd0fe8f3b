"""Processes that outlive the command that started them, and end with everything they started."""

from __future__ import annotations

import os
import signal
import subprocess
import time
import uuid
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import psutil

from infra.servers.records import ServerRecord
from infra.servers.server import ServerSpec

MARK = "LEPTON_SERVER_MARK"
# A parent's own connection and the quiet of its terminal are not for its servers.
_NOT_INHERITED = (
    *("MLFLOW_TRACKING_URI", "PREFECT_API_URL", "LEPTON_CONNECTED"),
    "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL",
)

_POLL_SECONDS = 0.1
_CLOCK_SECONDS = 2.0  # start times are told relative to a boot time that moves when the clock is set


def planned(spec: ServerSpec, log: Path) -> ServerRecord:
    """The record of a server that is about to start: whatever comes of it is found by the mark."""
    return ServerRecord(
        name=spec.name,
        pid=0,
        created=0.0,
        mark=uuid.uuid4().hex,
        address=spec.address,
        health_url=spec.health_url,
        log=log,
    )


def start(spec: ServerSpec, record: ServerRecord) -> ServerRecord:
    """Start what `record` plans in a session of its own, with its output in the log; return the whole record."""
    log = record.log
    log.parent.mkdir(parents=True, exist_ok=True)
    if spec.ready_file:
        spec.ready_file.parent.mkdir(parents=True, exist_ok=True)
        spec.ready_file.unlink(missing_ok=True)
    if log.exists():
        log.replace(log.with_suffix(".last.log"))
    with log.open("ab") as output:
        process = subprocess.Popen(
            spec.command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=log.parent,
            env=_environment({**spec.environment, MARK: record.mark}),
            start_new_session=True,
        )
    created = psutil.Process(process.pid).create_time()
    return record.model_copy(update={"pid": process.pid, "created": created})


def is_alive(record: ServerRecord) -> bool:
    """Whether the very process that was started still runs."""
    if not record.pid:
        return False
    try:
        process = psutil.Process(record.pid)
    except psutil.NoSuchProcess:
        return False
    return abs(process.create_time() - record.created) < _CLOCK_SECONDS and _runs(process)


def family(record: ServerRecord) -> list[psutil.Process]:
    """The process and all that it started, also those whose own parent is gone."""
    found: dict[int, psutil.Process] = {}
    for process in psutil.process_iter():
        if _mark(process) == record.mark:
            found[process.pid] = process
            found.update({child.pid: child for child in _children(process)})
    return list(found.values())


def stop(record: ServerRecord, grace_seconds: float = 10.0) -> None:
    """End the whole family: politely, then not. Nothing happens to a process that is not of it."""
    members = family(record)
    for member in members:
        _signal(member, signal.SIGTERM)
    _await_end(members, grace_seconds)
    left = family(record)
    for member in left:
        _signal(member, signal.SIGKILL)
    _await_end(left, grace_seconds)


def _environment(added: Mapping[str, str]) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if name not in _NOT_INHERITED}
    return {**inherited, **added}


def _mark(process: psutil.Process) -> str:
    try:
        return str(process.environ().get(MARK, ""))
    except (psutil.Error, OSError):  # gone, or another user's
        return ""


def _children(process: psutil.Process) -> list[psutil.Process]:
    try:
        return list(process.children(recursive=True))
    except psutil.NoSuchProcess:
        return []


def _signal(process: psutil.Process, number: signal.Signals) -> None:
    with suppress(psutil.NoSuchProcess):
        process.send_signal(number)


def _await_end(processes: list[psutil.Process], seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while any(_runs(process) for process in processes) and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)


def _runs(process: psutil.Process) -> bool:
    """Whether it still runs; one that ended and was not yet waited for by its parent does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
