"""This machine as the place of a training."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from infra.processes import Child, Event
from tasks.train.spec import Role
from tasks.train.team.seats import LOOPBACK, Seat, free_ports, shares, usable_cores

MODULE = "tasks.train.worker"


class LocalProcess:
    """A child process of this one."""

    def __init__(self, spec_file: Path, log: Path) -> None:
        self.child = Child(MODULE, str(spec_file), log)

    def read(self) -> Iterator[Event]:
        """Its events, until it has ended; a line that is cut off, because it was killed, is none."""
        try:
            yield from self.child.read()
        except ValueError:
            return

    def kill(self) -> None:
        """End it now; a stopped one too."""
        self.child.process.kill()

    def close(self) -> None:
        """Kill it and wait."""
        self.kill()
        self.child.stop()

    def last_words(self) -> str:
        """Its exit code and the end of its log."""
        return f"ended with code {self.child.process.wait()}: {self.child.last_lines()}"


class ThisMachine:
    """All processes here, on loopback."""

    def seats(self, roles: Sequence[Role], needed: Sequence[Path]) -> tuple[Seat, ...]:
        """A free port each, and a share of the cores."""
        ports, cores = free_ports(len(roles)), shares(roles, usable_cores())
        return tuple(Seat("", f"{LOOPBACK}:{port}", share) for port, share in zip(ports, cores, strict=True))

    def start(self, seat: Seat, spec_file: Path, log: Path) -> LocalProcess:
        """Start a child process."""
        return LocalProcess(spec_file, log)
