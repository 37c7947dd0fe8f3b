"""Points on their way to a server, in batches, so that the training never waits for it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence

from tasks.train.curves import Point

log = logging.getLogger(__name__)
MOST_AT_ONCE = 1000
"""What MLflow takes in one call."""
SECONDS_BETWEEN = 5.0


class Outbox:
    """Hands points to `send` from a thread of its own, every few seconds.

    What could not be sent is tried again with the next batch: a server that was away for a while misses nothing.
    """

    def __init__(self, send: Callable[[Sequence[Point]], None], seconds_between: float = SECONDS_BETWEEN) -> None:
        self._send, self._seconds_between = send, seconds_between
        self._waiting: list[Point] = []
        self._lock, self._closing = threading.Lock(), threading.Event()
        self._failed = False
        self._thread = threading.Thread(target=self._run, name="outbox", daemon=True)
        self._thread.start()

    def put(self, points: Sequence[Point]) -> None:
        """Have them sent soon."""
        with self._lock:
            self._waiting += points

    def close(self) -> None:
        """Send what is left; raises what the last attempt raised."""
        self._closing.set()
        self._thread.join()
        self._send_waiting()

    def _run(self) -> None:
        while not self._closing.wait(self._seconds_between):
            try:
                self._send_waiting()
                self._failed = False
            except Exception as error:  # whatever keeps the server from taking it, the training goes on
                if not self._failed:
                    log.warning("curves wait to be sent: %s", error)
                self._failed = True

    def _send_waiting(self) -> None:
        while self._waiting:
            batch = self._waiting[:MOST_AT_ONCE]
            self._send(batch)
            with self._lock:
                del self._waiting[: len(batch)]
