"""Where the processes of one training run: addresses, ports and cores."""

from __future__ import annotations

import logging
import os
import socket
import zlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from infra.devices import read_machine
from infra.processes import Event
from tasks.train.spec import Role

log = logging.getLogger(__name__)
LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Seat:
    """Where one process runs.

    Attributes:
        host: the machine, by the name that its place has for it.
        address: `host:port`, where the other processes reach it.
        cores: the processor cores that it may use there.
    """

    host: str
    address: str
    cores: tuple[int, ...]


class Process(Protocol):
    """A process of a training, on whatever machine."""

    def read(self) -> Iterator[Event]:
        """Its events, until it has ended."""

    def kill(self) -> None:
        """End it now, and do not wait for that; a process that has ended is left alone."""

    def close(self) -> None:
        """End it, wait until it has, and free what it held here."""

    def last_words(self) -> str:
        """How it ended and the end of its log, in one line."""


class Place(Protocol):
    """Machines on which processes of a training can run."""

    def seats(self, roles: Sequence[Role], needed: Sequence[Path]) -> tuple[Seat, ...]:
        """A seat for each role, with ports that are free there now.

        Raises:
            MachineError: there is no machine that answers and sees all of the files `needed`.
        """

    def start(self, seat: Seat, spec_file: Path, log: Path) -> Process:
        """Start a process that reads its part from `spec_file` and writes what it says to `log`."""


def free_ports(count: int, host: str = LOOPBACK) -> tuple[int, ...]:
    """Ports that nobody listens on now."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind((host, 0))
        return tuple(one.getsockname()[1] for one in sockets)


def usable_cores() -> tuple[int, ...]:
    """The cores that this process may use, by its affinity, and as many as the quota of its control group gives.

    Where the quota is smaller, which ones follows from the host's name: containers of one machine should not all take
    the first.
    """
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 1)
    count = read_machine().cores
    first = zlib.crc32(socket.gethostname().encode()) % len(cores) if count < len(cores) else 0
    return tuple(sorted([*cores[first:], *cores[:first]][:count]))


def shares(roles: Sequence[Role], cores: tuple[int, ...]) -> list[tuple[int, ...]]:
    """The cores of each role on one machine: workers divide them, the others, which compute little, may use all."""
    workers = roles.count("worker")
    if workers > len(cores):
        log.warning("%d workers share %d cores", workers, len(cores))
    ranks = iter(range(workers))
    return [share(next(ranks), workers, cores) if role == "worker" else cores for role in roles]


def share(worker: int, workers: int, cores: tuple[int, ...]) -> tuple[int, ...]:
    """One worker's part of the cores; where they are too few, workers share them."""
    return cores[worker::workers] if workers <= len(cores) else (cores[worker % len(cores)],)
