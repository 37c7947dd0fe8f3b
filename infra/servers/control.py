"""`lepton up`, `down` and `status`: the servers of one home."""

from __future__ import annotations

import errno
import socket
import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from infra.environment import configure
from infra.errors import MachineError, ServerError
from infra.processes import last_lines
from infra.progress import Progress, report
from infra.servers import deployments, mlflow, prefect
from infra.servers.deployments import deployments_server
from infra.servers.detached import is_alive, planned, start, stop
from infra.servers.mlflow import mlflow_server
from infra.servers.prefect import prefect_server
from infra.servers.records import ServerRecord, read_records, servers_lock, write_records
from infra.servers.server import Server, ServerSpec, State, responds
from infra.settings.home import HomeSettings
from infra.settings.servers import ServerSettings
from infra.stores.home import check_home
from infra.stores.lock import home_lock

NAMES = (prefect.NAME, mlflow.NAME, deployments.NAME)
_STAGE = "up"
_POLL_SECONDS = 0.2


def up(deployments_module: str) -> list[Server]:
    """Start what does not run yet, wait until all of it answers, and tell how it stands.

    Args:
        deployments_module: run as `python -m`, it serves the deployments and calls `mark_ready`.

    Raises:
        MachineError: the home can't be written, or a port is in use by somebody else; nothing was started.
        ServerError: a server ended, or did not answer in time; what was started is stopped again.
        BusyError: another `up` or `down` is at work, or a run without servers.
    """
    configure()
    home, settings = HomeSettings(), ServerSettings()
    with servers_lock(home):
        records = _sweep(home)
        first = [prefect_server(settings), mlflow_server(settings, home)]
        # A Prefect that runs keeps the address it was started with, whatever the settings say now.
        address = records[prefect.NAME].address if prefect.NAME in records else first[0].address
        groups = (first, [deployments_server(deployments_module, home, address)])
        _check_ports([spec for spec in first if spec.name not in records], settings.host)
        _start_all(home, settings, records, groups)
    return status()


def down() -> list[Server]:
    """Stop what `up` started, and only that; return what was stopped. Without servers it does nothing."""
    home = HomeSettings()
    with servers_lock(home):
        records = read_records(home)
        stopped: list[Server] = []
        for name in reversed(NAMES):  # deployments first: their runs still report to the servers
            record = records.pop(name, None)
            if record is None:
                continue
            report(Progress("down", len(stopped), len(records) + len(stopped) + 1, name))
            stop(record)
            write_records(home, records)
            stopped.append(_server(record, "stopped"))
    return stopped


def status() -> list[Server]:
    """How each server of the home stands now."""
    check_home()
    home = HomeSettings()
    records = read_records(home)
    return [
        _server(records[name], _state(records[name]))
        if name in records
        else Server(name=name, state="stopped", address="", pid=0, log=_log(home, name))
        for name in NAMES
    ]


def _start_all(
    home: HomeSettings,
    settings: ServerSettings,
    records: Mapping[str, ServerRecord],
    groups: Sequence[Sequence[ServerSpec]],
) -> None:
    """Start the groups one after another, the servers of a group together."""
    running, begun = dict(records), list[ServerRecord]()
    total, done = sum(len(group) for group in groups), 0
    try:
        for group in groups:
            missing = [spec for spec in group if spec.name not in running]
            with _databases_to(missing):
                for spec in missing:
                    begun.append(planned(spec, _log(home, spec.name)))
                    write_records(home, {**running, spec.name: begun[-1]})  # a kill from here on leaves its mark
                    running[spec.name] = start(spec, begun[-1])
                    write_records(home, running)
                for spec in group:
                    report(Progress(_STAGE, done, total, f"waiting for {spec.name}"))
                    _await(spec, running[spec.name], settings.start_timeout_seconds)
                    done += 1
    except BaseException:  # also Ctrl-C: a half-started set of servers is of no use
        for record in reversed(begun):
            stop(record)
        write_records(home, dict(records))
        raise
    report(Progress(_STAGE, total, total, "all answer"))


def _databases_to(starting: Sequence[ServerSpec]) -> AbstractContextManager[None]:
    """Keep out a run without servers, which writes their databases. The deployments need the lock themselves."""
    databases = any(spec.name in (prefect.NAME, mlflow.NAME) for spec in starting)
    return home_lock("lepton up") if databases else nullcontext()


def _await(spec: ServerSpec, record: ServerRecord, timeout_seconds: float) -> None:
    deadline = time.monotonic() + timeout_seconds
    while not spec.answers():
        alive = is_alive(record)
        if not alive or time.monotonic() > deadline:
            raise ServerError(
                f"server {spec.name}",
                found=f"{'no answer' if alive else 'its end'}; its log ends: {last_lines(record.log)}",
                allowed=f"an answer within {timeout_seconds:g} s",
                action=f"Read {record.log}; LEPTON_START_TIMEOUT_SECONDS gives it longer.",
            )
        time.sleep(_POLL_SECONDS)


def _sweep(home: HomeSettings) -> dict[str, ServerRecord]:
    """The records of what runs. What is left of a server that died is stopped first."""
    records = read_records(home)
    dead = [name for name in NAMES if name not in records or not is_alive(records[name])]
    if dead:
        dead.append(deployments.NAME)  # it knows the others by the addresses they had
    for name in dead:
        if record := records.pop(name, None):
            stop(record)
    write_records(home, records)
    return records


def _check_ports(specs: Sequence[ServerSpec], host: str) -> None:
    seen: dict[int, ServerSpec] = {}
    for spec in specs:
        holder = seen.get(spec.port)
        if holder or _in_use(host, spec.port):
            raise MachineError(
                f"port {spec.port} for {spec.name}",
                found=f"in use by {holder.name if holder else 'another program'}",
                allowed="a free port",
                action=f"Stop that program, or set {spec.port_setting} to a free port.",
            )
        seen[spec.port] = spec


def _in_use(host: str, port: int) -> bool:
    family_of_host = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family_of_host) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a port in TIME_WAIT is free
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return True
            raise MachineError(
                f"address {host}:{port}",
                found=error.strerror or str(error),
                allowed="an interface of this machine and a port that this user may open",
                action="Set LEPTON_HOST, LEPTON_PREFECT_PORT or LEPTON_MLFLOW_PORT.",
            ) from None
    return False


def _state(record: ServerRecord) -> State:
    if not is_alive(record):
        return "died"
    return "running" if not record.health_url or responds(record.health_url) else "not answering"


def _server(record: ServerRecord, state: State) -> Server:
    return Server(name=record.name, state=state, address=record.address, pid=record.pid, log=record.log)


def _log(home: HomeSettings, name: str) -> Path:
    return home.logs / f"{name}.log"
