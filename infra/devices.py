"""What this machine gives a process to compute with: cores, memory, instructions, and graphics cards in sight."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from infra.cores import affinity

INSTRUCTIONS = ("avx", "avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_tile", "amx_bf16", "amx_int8")
"""Those that TensorFlow's kernels differ by, as Linux names them."""
SHARED_MEMORY = Path("/dev/shm")
"""Files that lie in memory, on Linux."""
_CONTROL_GROUP = Path("/sys/fs/cgroup")
_CPU_INFO = Path("/proc/cpuinfo")


@dataclass(frozen=True)
class Machine:
    """What a process may use here.

    Attributes:
        cores: by its affinity and by the quota of its control group, at least 1.
        cores_installed: that the machine has.
        memory_bytes: the machine's, or the least that a control group leaves.
        free_bytes: of that, not in use.
        instructions: of INSTRUCTIONS, those that the processor has.
    """

    cores: int
    cores_installed: int
    memory_bytes: int
    free_bytes: int
    instructions: tuple[str, ...]


def read_machine() -> Machine:
    """What is here now."""
    import psutil

    memory, limit = psutil.virtual_memory(), _memory_limit(_CONTROL_GROUP)
    return Machine(
        cores=max(1, min(affinity(), _core_quota(_CONTROL_GROUP))),
        cores_installed=os.cpu_count() or 1,
        memory_bytes=min(memory.total, limit[0]),
        free_bytes=min(memory.available, limit[1]),
        instructions=instructions(_CPU_INFO),
    )


def instructions(cpu_info: Path) -> tuple[str, ...]:
    """The instruction sets that Linux tells of, or none where it tells nothing."""
    try:
        lines = cpu_info.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ()
    flags = next((line.partition(":")[2].split() for line in lines if line.startswith(("flags", "Features"))), [])
    return tuple(name for name in INSTRUCTIONS if name in flags)


def graphics_cards() -> tuple[str, ...]:
    """Device files of NVIDIA cards that the kernel shows, whether or not TensorFlow can use them."""
    return tuple(sorted(str(file) for file in Path("/dev").glob("nvidia[0-9]*")))


def _core_quota(group: Path) -> int:
    """Whole cores of the control group's quota (version 2: `cpu.max`, version 1: `cpu.cfs_quota_us`)."""
    words = _words(group / "cpu.max")
    if not words or words[0] == "max":
        words = [*_words(group / "cpu" / "cpu.cfs_quota_us"), *_words(group / "cpu" / "cpu.cfs_period_us")]
    quota, period = (int(word) for word in [*words, "-1", "-1"][:2])
    return quota // period if quota > 0 and period > 0 else os.cpu_count() or 1


def _memory_limit(group: Path) -> tuple[int, int]:
    """Limit and room of the control group, in bytes; without one, more than any machine has."""
    for limit_file, used_file in (
        (group / "memory.max", group / "memory.current"),
        (group / "memory" / "memory.limit_in_bytes", group / "memory" / "memory.usage_in_bytes"),
    ):
        limit, used = _words(limit_file), _words(used_file)
        if limit and used and limit[0].isdigit():
            return int(limit[0]), int(limit[0]) - int(used[0])
    return 2**63, 2**63


def _words(file: Path) -> list[str]:
    try:
        return file.read_text(encoding="ascii").split()
    except OSError:
        return []
