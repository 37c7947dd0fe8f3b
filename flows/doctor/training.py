"""TensorFlow, and how training will use this machine, asked in a process of its own: it takes seconds to load."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from flows.doctor.finding import Finding
from infra.devices import graphics_cards
from infra.errors import MachineError
from infra.processes import run_child

_PROBE = "tasks.train.probe"


def look() -> list[Finding]:
    """TensorFlow's version and devices, and the strategy with its reason."""
    try:
        with tempfile.TemporaryDirectory(prefix="lepton-doctor-") as folder:  # not the home, which may not be writable
            seen = run_child(_PROBE, "", Path(folder) / "probe.log")
    except MachineError as error:
        action = "Set the environment up again: make setup. On a processor without AVX its wheels do not run."
        return [Finding(what="TensorFlow", found=error.found, state="broken", action=action)]
    except OSError as error:
        action = "Give room for temporary files and processes; TMPDIR names another folder for the files."
        return [Finding(what="TensorFlow", found=f"not tried: {error}", state="broken", action=action)]
    return [_tensorflow(seen), _devices(seen), Finding(what="training", found=f"{seen['strategy']}: {seen['reason']}")]


def _tensorflow(seen: dict[str, Any]) -> Finding:
    found = f"tensorflow {seen['tensorflow']}, oneDNN {'on' if seen['onednn'] else 'off'}"
    if seen["onednn"]:
        return Finding(what="TensorFlow", found=found)
    action = "Unset TF_ENABLE_ONEDNN_OPTS for faster steps on this processor."
    return Finding(what="TensorFlow", found=found, state="advice", action=action)


def _devices(seen: dict[str, Any]) -> Finding:
    found = ", ".join(f"{count} {kind}" for kind, count in seen["devices"].items())
    cards = graphics_cards()
    if cards and "GPU" not in seen["devices"]:
        action = "TensorFlow does not see the card: install the extra `gpu`, and check the driver with nvidia-smi."
        return Finding(what="devices", found=f"{found}; {', '.join(cards)}", state="advice", action=action)
    return Finding(what="devices", found=found)
