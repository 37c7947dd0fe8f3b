"""Checkpoints: written under another name, then renamed; the last two are kept; a half-written one is passed over."""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

log = logging.getLogger(__name__)
State = dict[str, NDArray[np.generic]]
_SUFFIX = ".safetensors"


@dataclass(frozen=True)
class Checkpoint:
    """The state of a training after `step` steps."""

    step: int
    state: State


class Checkpoints:
    """The checkpoints of one training in one folder.

    Args:
        identity: of what is trained on what; those of another training are passed over.
    """

    def __init__(self, folder: Path, identity: str, keep: int = 2) -> None:
        self.folder, self.identity, self.keep = folder, identity, keep

    def save(self, step: int, state: State) -> None:
        """Write the state after `step` steps, and delete all but the last."""
        self.folder.mkdir(parents=True, exist_ok=True)
        target = self.folder / f"step-{step:09d}{_SUFFIX}"
        draft = target.with_suffix(".partial")
        arrays = {name: np.asarray(value, order="C") for name, value in state.items()}
        with draft.open("wb") as file:
            file.write(save(arrays, metadata={"identity": self.identity}))
            file.flush()
            os.fsync(file.fileno())
        draft.rename(target)
        for old in self._files()[self.keep :]:
            old.unlink()

    def last(self) -> Checkpoint | None:
        """The newest whole checkpoint of this training, if there is one."""
        for file in self._files():
            state = self._read(file)
            if state is not None:
                return Checkpoint(int(file.stem.removeprefix("step-")), state)
        return None

    def _read(self, file: Path) -> State | None:
        try:
            with safe_open(file, "numpy") as content:
                names = content.keys()
                if (content.metadata() or {}).get("identity") == self.identity:
                    return {name: content.get_tensor(name) for name in names}
            log.warning("checkpoint %s is of another training and is passed over", file)
        except (SafetensorError, OSError) as error:
            log.warning("checkpoint %s is not whole and is passed over: %s", file, error)
        return None

    def _files(self) -> list[Path]:
        """The newest first."""
        return sorted(self.folder.glob(f"step-*{_SUFFIX}"), reverse=True)
