"""Engines, and the servers that runs report to: what is set, and whether it answers."""

from __future__ import annotations

import os
import re
import socket
import subprocess
from importlib.metadata import version
from urllib.parse import urlsplit

from flows.doctor.finding import Finding
from infra.clusters.spark import java_home
from infra.errors import MachineError
from infra.servers.control import status
from infra.servers.server import is_reachable
from infra.settings.clusters import ClusterSettings

_SERVERS = {"prefect": "PREFECT_API_URL", "mlflow": "MLFLOW_TRACKING_URI"}
_ANSWER_SECONDS = 3.0
_JAVA_SECONDS = 20.0


def look() -> list[Finding]:
    """Java and Spark, Dask, then Prefect and MLflow."""
    settings = ClusterSettings()
    return [
        _java(),
        _cluster("Spark", f"pyspark {version('pyspark')}", settings.spark_master, "LEPTON_SPARK_MASTER"),
        _cluster("Dask", f"dask {version('dask')}", settings.dask_scheduler, "LEPTON_DASK_SCHEDULER"),
        *(_server(name, variable) for name, variable in _SERVERS.items()),
    ]


def _java() -> Finding:
    try:
        home = java_home()
    except MachineError as error:
        return Finding(what="Java", found=error.found, state="advice", action=error.action)
    try:
        told = subprocess.run(
            [home / "bin" / "java", "-version"], check=False, capture_output=True, text=True, timeout=_JAVA_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return Finding(
            what="Java", found=str(error), state="advice", action="Correct JAVA_HOME, or take another engine."
        )
    found = re.search(r'version "([^"]+)"', told.stderr)
    return Finding(what="Java", found=f"{found[1] if found else 'unknown version'}, {home}")


def _cluster(what: str, library: str, address: str, variable: str) -> Finding:
    """An engine: this machine, or a cluster's address, which is tried."""
    parts = urlsplit(address)
    if not parts.hostname or parts.port is None:
        return Finding(what=what, found=f"{library}, {address or 'threads of this process'}")
    try:
        socket.create_connection((parts.hostname, parts.port), timeout=_ANSWER_SECONDS).close()
    except OSError as error:
        action = f"Start it, or correct {variable}; unset it to compute on this machine."
        return Finding(what=what, found=f"{address}: {error.strerror or error}", state="advice", action=action)
    return Finding(what=what, found=f"{library}, {address} answers")


def _server(name: str, variable: str) -> Finding:
    """A server: the user's own, this home's, or none, which works too."""
    found, address = f"{name} {version(name)}", os.environ.get(variable, "")
    if urlsplit(address).scheme in ("http", "https"):
        if is_reachable(f"{address.rstrip('/')}/health"):
            return Finding(what=name, found=f"{found}, {variable} answers")
        action = f"Start that server, correct {variable}, or unset it to record in this home."
        return Finding(what=name, found=f"{found}, {variable} does not answer", state="broken", action=action)
    if address:
        return Finding(what=name, found=f"{found}, {variable} is set to a database or a folder")
    return _own_server(name, found)


def _own_server(name: str, found: str) -> Finding:
    try:
        here = next(server for server in status() if server.name == name)
    except MachineError:  # of the home, which has a line of its own
        return Finding(what=name, found=found)
    if here.state in ("died", "not answering"):
        action = f"lepton down, then lepton up; its log: {here.log}"
        return Finding(what=name, found=f"{found}, this home's server: {here.state}", state="advice", action=action)
    where = f"this home's server at {here.address}" if here.state == "running" else "in this home, without a server"
    return Finding(what=name, found=f"{found}, {where}")
