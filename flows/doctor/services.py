"""Engines, and the servers that runs report to: what is set, and whether it answers."""

from __future__ import annotations

import os
import re
import socket
import subprocess
from importlib.metadata import version
from pathlib import Path
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
_JAVA_VERSIONS = ("8", "11", "17")  # of Spark 3.5
_THIS_MACHINE = r"(local(-cluster)?(\[.*\])?)?"


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
    return _java_told(home, told.returncode, told.stderr)


def _java_told(home: Path, code: int, text: str) -> Finding:
    """What a Java that was started says of itself: `1.8.0_402` is 8, `17.0.15` is 17."""
    version_told = re.search(r'version "((?:1\.)?(\d+)[^"]*)"', text)
    found = f"{version_told[1] if version_told else 'unknown version'}, {home}"
    if code:
        found, action = f"{home}, which ends with code {code}", "Correct JAVA_HOME, or take another engine."
    elif not version_told or version_told[2] not in _JAVA_VERSIONS:
        action = f"Spark runs on Java {', '.join(_JAVA_VERSIONS)}: set JAVA_HOME to one, or take another engine."
    else:
        return Finding(what="Java", found=found)
    return Finding(what="Java", found=found, state="advice", action=action)


def _cluster(what: str, library: str, address: str, variable: str) -> Finding:
    """An engine: this machine, or a cluster's address, which is tried."""
    if re.fullmatch(_THIS_MACHINE, address):
        return Finding(what=what, found=f"{library}, {address or 'threads of this process'}")
    place = _host_and_port(address)
    if place is None:
        action = f"Only an address with a host and a port can be tried: correct {variable} if it is meant to be one."
        return Finding(what=what, found=f"{address}: not tried", state="advice", action=action)
    try:
        socket.create_connection(place, timeout=_ANSWER_SECONDS).close()
    except OSError as error:
        action = f"Start it, or correct {variable}; unset it to compute on this machine."
        return Finding(what=what, found=f"{address}: {error.strerror or error}", state="advice", action=action)
    return Finding(what=what, found=f"{library}, {address} answers")


def _host_and_port(address: str) -> tuple[str, int] | None:
    """Where to connect to, the first of several such as `spark://a:7077,b:7077`; None: it does not say."""
    first = address.partition(",")[0]
    try:
        parts = urlsplit(first if "://" in first else f"tcp://{first}")
        return (parts.hostname, parts.port) if parts.hostname and parts.port else None
    except ValueError:
        return None


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
