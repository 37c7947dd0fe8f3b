"""In a worker: signs of life, sent from a thread of its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal

from infra.processes import emit

SECONDS_BETWEEN_BEATS = 1.0
_LITTLE = 0.1  # of a processor
Phase = Literal["start", "step", "serve", "save", "pack"]
"""start: up to the first step; serve: whatever a chief asks for; save: a checkpoint; pack: the finished model."""


class Heart:
    """Sends a beat a second: what the process is at, how far it is, and how long it was busy.

    The thread shows that the process is scheduled; the numbers show whether it gets on. Busy is who uses the processor
    or waits for a turn on it. See `pulse.Pulses`.
    """

    def __init__(self) -> None:
        self.step, self.longest_step = 0, 0.0
        self._last_step: float | None = None
        self._phases: list[Phase] = ["start"]
        self._stopped = threading.Event()
        self._used, self._ready = time.process_time(), 0.0

    @contextmanager
    def beating(self) -> Iterator[Heart]:
        """Beat while the block runs."""
        thread = threading.Thread(target=self._beat, daemon=True, name="heart")
        thread.start()
        try:
            yield self
        finally:
            self._stopped.set()
            thread.join()

    def stepped(self, step: int) -> None:
        """A step is done. The first one compiled, and says nothing about how long the others take."""
        now = time.monotonic()
        if self._last_step is not None:
            self.longest_step = max(self.longest_step, now - self._last_step)
        self._phases[0], self.step, self._last_step = "step", step, now

    def serve(self) -> None:
        """From now on this process does what others ask for."""
        self._phases[0] = "serve"

    @contextmanager
    def at(self, phase: Phase) -> Iterator[None]:
        """Be in another phase while the block runs, which may be in a thread beside the steps."""
        self._phases.append(phase)
        self._send()
        try:
            yield
        finally:
            self._phases.remove(phase)

    def _beat(self) -> None:
        while not self._stopped.wait(SECONDS_BETWEEN_BEATS):
            self._send()

    def _send(self) -> None:
        beat = {
            "phase": self._phases[-1],
            "step": self.step,
            "longest_step": round(self.longest_step, 3),
            "busy_seconds": round(self._busy_seconds(), 3),
        }
        emit({"beat": beat})

    def _busy_seconds(self) -> float:
        """On the processor, or ready for it. Threads are asked one by one, and only where the process had little."""
        used = time.process_time()
        if used - self._used < SECONDS_BETWEEN_BEATS * _LITTLE:
            self._ready = _ready_seconds()
        self._used = used
        return used + self._ready


def _ready_seconds() -> float:
    """How long this process's threads were ready to run while others had the processor (Linux; elsewhere 0).

    On a machine that has too much to do, a process that gets no time is not one that waits for a peer.
    """
    nanoseconds = 0
    for file in Path("/proc/self/task").glob("*/schedstat"):  # see proc(5): on the processor, ready, time slices
        with suppress(OSError):  # the thread has ended
            nanoseconds += int(file.read_text().split()[1])
    return nanoseconds / 1e9
