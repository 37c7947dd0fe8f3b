"""Cores, memory, instructions, and the home's disk."""

from __future__ import annotations

import platform
import shutil
import sys

from flows.doctor.finding import Finding
from infra.devices import SHARED_MEMORY, Machine, read_machine
from infra.errors import MachineError
from infra.settings.home import HomeSettings
from infra.stores.home import ROOM_BYTES, check_home

_SCARCE_MEMORY = 3_000_000_000
_SCARCE_DISK = 10_000_000_000
_SCARCE_SHARED = 400_000_000  # two workers that learn all of MiniLM, its embeddings too
_PYTHON = (3, 11)


def look() -> list[Finding]:
    """All of it."""
    machine = read_machine()
    return [_system(), _cores(machine), _memory(machine), _shared_memory(), _processor(machine), *_home()]


def _system() -> Finding:
    found = f"Python {platform.python_version()} on {platform.system()} {platform.machine()}"
    if sys.version_info[:2] != _PYTHON:
        return Finding(
            what="system", found=found, state="broken", action="Use Python 3.11: TensorFlow 2.15 ends there."
        )
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        return Finding(what="system", found=found, state="advice", action="Lepton is tested on Linux x86-64 only.")
    return Finding(what="system", found=found)


def _cores(machine: Machine) -> Finding:
    found = f"{machine.cores} usable of {machine.cores_installed}"
    if machine.cores == 1:
        return Finding(
            what="cores", found=found, state="advice", action="Leave train.workers at 1: two would share it."
        )
    return Finding(what="cores", found=found)


def _memory(machine: Machine) -> Finding:
    found = f"{machine.free_bytes / 1e9:.1f} GB free of {machine.memory_bytes / 1e9:.1f} GB"
    if machine.free_bytes < _SCARCE_MEMORY:
        action = "Close other programs, or lower train.batch_size: a text model wants 3 GB a worker."
        return Finding(what="memory", found=found, state="advice", action=action)
    return Finding(what="memory", found=found)


def _shared_memory() -> Finding:
    """Where workers of one machine add up their gradients; without it they take the network, which costs more."""
    free = shutil.disk_usage(SHARED_MEMORY).free if SHARED_MEMORY.is_dir() else 0
    found = f"{free / 1e9:.1f} GB free in {SHARED_MEMORY}"
    if free < _SCARCE_SHARED:
        action = "For training on several workers give the container more, such as --shm-size=1g."
        return Finding(what="shared memory", found=found, state="advice", action=action)
    return Finding(what="shared memory", found=found)


def _processor(machine: Machine) -> Finding:
    if "avx" not in machine.instructions:
        action = "TensorFlow's wheels want AVX: use another processor, or a TensorFlow that was built for this one."
        found = ", ".join(machine.instructions) or "no vector instructions that Linux tells of"
        return Finding(what="processor", found=found, state="advice", action=action)
    has_bfloat16 = {"avx512_bf16", "amx_bf16"} & set(machine.instructions)
    words = "bfloat16 in hardware" if has_bfloat16 else "no bfloat16 in hardware"
    return Finding(what="processor", found=f"{', '.join(machine.instructions)}; {words}")


def _home() -> list[Finding]:
    """Whether the home can be written, and how much room its disk has."""
    root = HomeSettings().root
    try:
        check_home()
    except MachineError as error:
        return [Finding(what="home", found=f"{root}: {error.found}", state="broken", action=error.action)]
    free = shutil.disk_usage(root).free
    room = Finding(what="disk", found=f"{free / 1e9:.1f} GB free")
    action = "Free some space, or set LEPTON_HOME to another disk."
    if free < ROOM_BYTES:
        room = room.model_copy(update={"state": "broken", "action": action})
    elif free < _SCARCE_DISK:
        room = room.model_copy(update={"state": "advice", "action": action})
    return [Finding(what="home", found=f"{root}, writable"), room]
