"""Whether the home can hold what is to be written there."""

from __future__ import annotations

import os
import shutil

from infra.errors import MachineError
from infra.settings.home import HomeSettings

ROOM_BYTES = 1_000_000_000


def check_home() -> None:
    """Make the home if there is none.

    Raises:
        MachineError: it can't be written.
    """
    root = HomeSettings().root
    probe = root / f".probe-{os.getpid()}"
    try:
        root.mkdir(parents=True, exist_ok=True)
        probe.write_bytes(b"0" * 4096)
        probe.unlink(missing_ok=True)
    except OSError as error:
        raise MachineError(
            f"LEPTON_HOME {root}",
            found=(error.strerror or "an error").lower(),
            allowed="a folder that this user may write to",
            action="Set LEPTON_HOME to another folder.",
        ) from None


def check_room() -> None:
    """Raises MachineError where the home's disk has no room for a run."""
    root = HomeSettings().root
    free = shutil.disk_usage(root).free
    if free < ROOM_BYTES:
        raise MachineError(
            f"LEPTON_HOME {root}",
            found=f"{free / 1e6:.0f} MB of free space",
            allowed=f"at least {ROOM_BYTES / 1e6:.0f} MB",
            action="Free some space, or set LEPTON_HOME to another disk.",
        )
