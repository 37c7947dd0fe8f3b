"""One run at a time on one home: a lock that the kernel drops when its holder dies."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from infra.errors import BusyError
from infra.settings.home import HomeSettings
from infra.stores.home import check_home


@contextmanager
def home_lock(who: str) -> Iterator[None]:
    """Hold the home while the block runs.

    Raises:
        BusyError: another process holds it.
        MachineError: the home can't be written.
    """
    root = HomeSettings().root
    check_home()
    with (root / "run.lock").open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise BusyError(
                f"home {root}",
                found=f"a run in progress ({file.read().strip() or 'just started'})",
                allowed="one run at a time",
                action="Wait until it ends, or set LEPTON_HOME to another folder.",
            ) from None
        file.truncate(0)
        file.write(f"{who}, process {os.getpid()}, since {datetime.now(UTC).isoformat(timespec='seconds')}")
        file.flush()
        yield
