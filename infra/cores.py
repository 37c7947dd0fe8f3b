"""The part of a machine's cores that a process takes, where several run beside each other."""

from __future__ import annotations

import os

_SHARE = "LEPTON_CORE_SHARE"


def affinity() -> int:
    """How many cores this process may use, as the system has set it; a quota is another matter, see `read_machine`."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def share_variables(place: int, parts: int) -> dict[str, str]:
    """What a process must find in its environment to take part number `place` (from 0) of `parts`."""
    return {_SHARE: f"{place}/{parts}"}


def take_share() -> None:
    """In that process: leave the other cores to the others; where they are too few, some share one."""
    text = os.environ.get(_SHARE, "")
    if not text or not hasattr(os, "sched_setaffinity"):
        return
    place, parts = (int(part) for part in text.split("/"))
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, cores[place::parts] or [cores[place % len(cores)]])
