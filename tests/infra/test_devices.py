"""What a process may use, from the files in which Linux tells it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from infra import devices
from infra.devices import instructions, read_machine


def control_group(folder: Path, **files: str) -> Path:
    for name, content in files.items():
        file = folder / name.replace("__", "/").replace("_dot_", ".")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content + "\n")
    return folder


def test_this_machine() -> None:
    machine = read_machine()
    assert 1 <= machine.cores <= len(os.sched_getaffinity(0)) <= machine.cores_installed
    assert 0 < machine.free_bytes < machine.memory_bytes < 2**50


def test_fewer_cores_by_affinity() -> None:
    kept = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(kept)})
        assert read_machine().cores == 1
    finally:
        os.sched_setaffinity(0, kept)


@pytest.mark.parametrize(
    ("files", "cores"),
    [
        ({"cpu_dot_max": "150000 100000"}, 1),
        ({"cpu_dot_max": "300000 100000"}, 3),
        ({"cpu__cpu_dot_cfs_quota_us": "200000", "cpu__cpu_dot_cfs_period_us": "100000"}, 2),
        ({"cpu__cpu_dot_cfs_quota_us": "-1", "cpu__cpu_dot_cfs_period_us": "100000"}, os.cpu_count()),
        ({"cpu_dot_max": "max 100000"}, os.cpu_count()),
        ({}, os.cpu_count()),
    ],
)
def test_a_control_groups_quota(tmp_path: Path, files: dict[str, str], cores: int) -> None:
    assert devices._core_quota(control_group(tmp_path, **files)) == cores


def test_a_control_groups_memory(tmp_path: Path) -> None:
    assert devices._memory_limit(tmp_path) == (2**63, 2**63)
    limited = control_group(tmp_path / "two", memory_dot_max="1000", memory_dot_current="400")
    assert devices._memory_limit(limited) == (1000, 600)
    old = {"memory__memory_dot_limit_in_bytes": "1000", "memory__memory_dot_usage_in_bytes": "100"}
    assert devices._memory_limit(control_group(tmp_path / "one", **old)) == (1000, 900)
    free = control_group(tmp_path / "free", memory_dot_max="max", memory_dot_current="400")
    assert devices._memory_limit(free) == (2**63, 2**63)


def test_instructions(tmp_path: Path) -> None:
    (tmp_path / "cpuinfo").write_text("model name\t: X\nflags\t\t: fpu avx2 avx512_bf16 avx\nflags\t\t: fpu\n")
    assert instructions(tmp_path / "cpuinfo") == ("avx", "avx2", "avx512_bf16")
    assert instructions(tmp_path / "absent") == ()
