"""What killed writers left behind."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

_DAY = 24 * 60 * 60


def remove_leftovers(folder: Path, prefix: str) -> None:
    """Remove the directories under a draft's prefix that nobody wrote into for a day: no writer pauses so long."""
    for path in folder.glob(f"{prefix}*"):
        if time.time() - _last_write(path) > _DAY:
            shutil.rmtree(path, ignore_errors=True)


def _last_write(path: Path) -> float:
    """Now, if it changes under our eyes: then its writer lives, or another process removes it."""
    try:
        return max(part.lstat().st_mtime for part in (path, *path.rglob("*")))
    except FileNotFoundError:
        return time.time()
