"""Child processes that report in JSON lines, log to a file, and never outlive their parent."""

from __future__ import annotations

import ctypes
import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

from infra.disk import disk_errors
from infra.errors import LeptonError, MachineError, from_dict

Event = dict[str, Any]
_EVENTS_FD = "LEPTON_EVENTS_FD"
_PARENT = "LEPTON_PARENT_PID"
_LINE_CHARACTERS = 160
_emitting = threading.Lock()


class Child:
    """`python -m module argument`, its events readable line by line, its output in `log`."""

    def __init__(self, module: str, argument: str, log: Path, environment: dict[str, str] | None = None) -> None:
        log.parent.mkdir(parents=True, exist_ok=True)
        read_end, write_end = os.pipe()
        self.module, self.log = module, log
        self.events: IO[str] = os.fdopen(read_end, "r", encoding="utf-8")
        variables = {**os.environ, **(environment or {}), _EVENTS_FD: str(write_end), _PARENT: str(os.getpid())}
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", module, argument],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=variables,
                pass_fds=(write_end,),
            )
        os.close(write_end)

    def read(self) -> Iterator[Event]:
        """Events until the child closes its end."""
        for line in self.events:
            yield json.loads(line)

    def stop(self, grace_seconds: float = 3.0) -> None:
        """End the child: politely, then not."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(grace_seconds)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.events.close()

    def last_lines(self, count: int = 3) -> str:
        """The end of the child's log, for an error message."""
        return last_lines(self.log, count)


def last_lines(log: Path, count: int = 3) -> str:
    """The end of a log in one line, long lines cut, for an error message."""
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    except FileNotFoundError:
        lines = []
    return " | ".join(textwrap.shorten(line, _LINE_CHARACTERS) for line in lines[-count:]) or "nothing"


def run_child(module: str, argument: str, log: Path, on_event: Callable[[Event], None] | None = None) -> Event:
    """Run a child to its end and return what it gave to `finish`.

    Raises:
        LeptonError: the one that the child met.
        MachineError: the child ended without a result.
    """
    child = Child(module, argument, log)
    result: Event | None = None
    try:
        for event in child.read():
            if "result" in event:
                result = event["result"]
            elif "error" in event:
                raise from_dict(event)
            elif on_event:
                on_event(event)
        code = child.process.wait()
    finally:
        child.stop()
    if result is None:
        raise MachineError(
            module,
            found=f"a child process that ended with code {code}: {child.last_lines()}",
            allowed="a child process that reports a result",
            action=f"Read {log}; code -9 mostly means that memory ran out.",
        )
    return result


def emit(event: Event) -> None:
    """In a child: send one event to the parent."""
    descriptor = os.environ.get(_EVENTS_FD)
    if descriptor:
        with _emitting:  # a line longer than the pipe's atomic size must not be split by another thread's
            os.write(int(descriptor), (json.dumps(event) + "\n").encode())


def child_main(work: Callable[[str], Event]) -> None:
    """In a child: the whole of `if __name__ == "__main__"`. Sends the result, or the error it can name."""
    die_with_parent()
    try:
        with disk_errors(Path(sys.argv[0]).parent.name):
            result = work(sys.argv[1])
        emit({"result": result})
    except LeptonError as error:
        emit(error.to_dict())
        sys.exit(error.exit_code)


def die_with_parent() -> None:
    """Ask the kernel to end this process when its parent dies, however it dies (Linux only)."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(1, signal.SIGKILL)  # 1 is PR_SET_PDEATHSIG, see prctl(2)
        if os.environ.get(_PARENT, str(os.getppid())) != str(os.getppid()):
            sys.exit(1)  # it died before we asked
