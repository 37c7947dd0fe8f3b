"""Checkpoints: written under another name, then renamed; a half-written one is passed over.

The last ones are kept, and the best ones that they name.
"""

from __future__ import annotations

import logging
import os
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from infra.disk import disk_errors

log = logging.getLogger(__name__)
State = dict[str, NDArray[np.generic]]
_SUFFIX = ".safetensors"
_BEST = "-best"
_NONE = -1


@dataclass(frozen=True)
class Checkpoint:
    """The state of a training after `step` steps."""

    step: int
    state: State


class Checkpoints:
    """The checkpoints of one training in one folder.

    Args:
        identity: of what is trained on what; those of another training are passed over.
        keep: how many of the last stay.
    """

    def __init__(self, folder: Path, identity: str, keep: int = 2) -> None:
        self.folder, self.identity, self.keep = folder, identity, keep

    def save(self, step: int, state: State, best: int = _NONE) -> None:
        """Write the state after `step` steps, and delete all but the last, and best ones that none of those names.

        What is beyond `step` is another training's, or was not whole, and does not count.

        Args:
            best: the step after which the state was the best until now, if one was saved as such.

        Raises:
            MachineError: the disk is full; those that were there stay.
        """
        target = self.folder / f"step-{step:09d}{_SUFFIX}"
        self._write(target, state, best)
        for old in [file for file in self._files() if file <= target][self.keep :]:
            old.unlink(missing_ok=True)
        named = {self._metadata(file).get("best") for file in self._files()}
        for old in self.folder.glob(f"step-*{_BEST}{_SUFFIX}"):
            if str(_step(old)) not in named:
                old.unlink(missing_ok=True)

    def save_best(self, step: int, state: State) -> None:
        """Write the state after `step` steps as the best one; the one before it stays until none goes on from it."""
        self._write(self.folder / f"step-{step:09d}{_BEST}{_SUFFIX}", state)

    def last(self) -> Checkpoint | None:
        """The newest whole checkpoint of this training, if there is one."""
        for file in self._files():
            state = self._read(file)
            if state is not None:
                return Checkpoint(_step(file), state)
        return None

    def are_anothers(self) -> bool:
        """Whether there are some of another training, which `last` passes over."""
        return any(self._metadata(file).get("identity", self.identity) != self.identity for file in self._files())

    def best(self, step: int) -> State | None:
        """What was saved as the best after `step` steps, if it is there and whole."""
        file = self.folder / f"step-{step:09d}{_BEST}{_SUFFIX}"
        return self._read(file) if file.exists() else None

    def _write(self, target: Path, state: State, best: int = _NONE) -> None:
        draft = target.with_suffix(".partial")
        arrays = {name: np.asarray(value, order="C") for name, value in state.items()}
        try:
            with disk_errors(f"checkpoint {target}"):
                self.folder.mkdir(parents=True, exist_ok=True)
                save_file(arrays, draft, metadata={"identity": self.identity, "best": str(best)})
                _flush(draft)
                draft.rename(target)
        except BaseException:
            with suppress(OSError):
                draft.unlink()
            raise

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

    def _metadata(self, file: Path) -> dict[str, str]:
        try:
            with safe_open(file, "numpy") as content:
                return content.metadata() or {}
        except (SafetensorError, OSError):
            return {}

    def _files(self) -> list[Path]:
        """The newest first."""
        files = self.folder.glob(f"step-*{_SUFFIX}")
        return sorted((file for file in files if not file.stem.endswith(_BEST)), reverse=True)


class Writer:
    """Writes checkpoints in a thread of its own while steps go on.

    An error comes at the next checkpoint, or at the end of the block. Arrays that are handed over must not change.
    """

    def __init__(self, checkpoints: Checkpoints | None) -> None:
        self.checkpoints = checkpoints
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="checkpoint")
        self._waiting = deque[Future[None]]()

    def save(self, step: int, state: Callable[[], State], best: int = _NONE) -> None:
        """Begin to write the state after `step` steps, which were best after `best` of them."""
        if self.checkpoints:
            self._begin(self.checkpoints.save, step, state(), best)

    def save_best(self, step: int, state: State) -> None:
        """Begin to write the best state."""
        if self.checkpoints:
            self._begin(self.checkpoints.save_best, step, state)

    def wait(self, at_most: int = 0) -> None:
        """Return when no more than so many are on their way to disk."""
        while len(self._waiting) > at_most or (self._waiting and self._waiting[0].done()):
            self._waiting.popleft().result()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        try:
            if error is None:
                self.wait()
        finally:
            self._thread.shutdown()  # what was begun is finished, also after an error elsewhere

    def _begin(self, write: Callable[..., None], *arguments: Any) -> None:
        self.wait(at_most=1)
        self._waiting.append(self._thread.submit(write, *arguments))


def _step(file: Path) -> int:
    return int(file.stem.removesuffix(_BEST).removeprefix("step-"))


def _flush(file: Path) -> None:
    descriptor = os.open(file, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
