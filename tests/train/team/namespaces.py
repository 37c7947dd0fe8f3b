"""Network namespaces of this machine as hosts that can be cut off from each other; needs root and iproute2."""

from __future__ import annotations

import ctypes
import itertools
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest

from tasks.train.spec import Role
from tasks.train.team.machine import LocalProcess, ThisMachine
from tasks.train.team.seats import Seat, shares, usable_cores

_CLONE_NEWNET = 0x40000000
_numbers = itertools.count(os.getpid() % 200)


class Namespaces(ThisMachine):
    """Hosts on a bridge; the launcher stands on it too, but speaks to its processes by pipes, which no cut touches."""

    def __init__(self, count: int) -> None:
        self.number = next(_numbers) % 250
        self.names = [f"lepton-{self.number}-{host}" for host in range(count)]
        self.bridge = f"lbr{self.number}"
        self._ports = itertools.count(20000)
        self._threads: list[ThreadPoolExecutor] = []

    def __enter__(self) -> Self:
        skip_unless_allowed()
        _ip("link", "add", self.bridge, "type", "bridge")
        _ip("address", "add", f"10.199.{self.number}.1/24", "dev", self.bridge)
        _ip("link", "set", self.bridge, "up")
        for host, name in enumerate(self.names):
            outer, inner = f"lv{self.number}-{host}", "eth0"
            _ip("netns", "add", name)
            _ip("link", "add", outer, "type", "veth", "peer", "name", inner, "netns", name)
            _ip("link", "set", outer, "master", self.bridge, "up")
            _ip("-n", name, "address", "add", f"{self.address(host)}/24", "dev", inner)
            _ip("-n", name, "link", "set", inner, "up")
            _ip("-n", name, "link", "set", "lo", "up")
            self._threads.append(ThreadPoolExecutor(1, initializer=_enter, initargs=(name,)))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for thread in self._threads:
            thread.shutdown()
        for name in self.names:
            _ip("netns", "delete", name)
        _ip("link", "delete", self.bridge)

    def address(self, host: int) -> str:
        return f"10.199.{self.number}.{host + 2}"

    def cut(self, host: int) -> None:
        """From now on all packets to and from it are lost, and nobody is told."""
        _ip("link", "set", f"lv{self.number}-{host}", "down")

    def mend(self) -> None:
        for host in range(len(self.names)):
            _ip("link", "set", f"lv{self.number}-{host}", "up")

    def popen(self, host: int, command: Sequence[str], **options: Any) -> subprocess.Popen[bytes]:
        return self._threads[host].submit(lambda: subprocess.Popen(command, **options)).result()

    def seats(self, roles: Sequence[Role], needed: Sequence[Path]) -> tuple[Seat, ...]:
        self.mend()
        hosts = [place % len(self.names) for place in range(len(roles))]
        cores = shares(roles, usable_cores())
        return tuple(
            Seat(str(host), f"{self.address(host)}:{next(self._ports)}", share)
            for host, share in zip(hosts, cores, strict=True)
        )

    def start(self, seat: Seat, spec_file: Path, log: Path) -> LocalProcess:
        """From the host's thread, which lives as long as the host: the kernel ends the child with it."""
        return self._threads[int(seat.host)].submit(LocalProcess, spec_file, log).result()


def skip_unless_allowed() -> None:
    if sys.platform != "linux" or os.geteuid() != 0 or not shutil.which("ip"):
        pytest.skip("network namespaces need Linux, root and iproute2")
    probe = subprocess.run(["ip", "netns", "add", f"lepton-probe-{os.getpid()}"], capture_output=True, text=True)
    if probe.returncode:
        pytest.skip(f"network namespaces are not allowed here: {probe.stderr.strip()}")
    _ip("netns", "delete", f"lepton-probe-{os.getpid()}")


def _enter(name: str) -> None:
    """Move this thread into a namespace; what it starts is there too. Python has `os.setns` from 3.12 on."""
    libc = ctypes.CDLL(None, use_errno=True)
    with Path(f"/run/netns/{name}").open() as file:
        if libc.setns(file.fileno(), _CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "setns")


def _ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)
