"""A disk that is full or can't be written, told as what it is wherever it is met."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from infra.errors import LeptonError, MachineError
from infra.settings.home import HomeSettings

_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
_WORDS = (*(os.strerror(number) for number in _DISK), "database or disk is full")  # the last is SQLite's


@contextmanager
def disk_errors(subject: str) -> Iterator[None]:
    """Turn what the block meets of the disk into a MachineError."""
    try:
        yield
    except LeptonError:
        raise
    except Exception as error:  # libraries have errors of their own for it, with the words of errno
        if not _is_forbidden(error) and not any(words in str(error) for words in _WORDS):
            raise
        raise MachineError(
            subject,
            found=(str(error).splitlines() or [type(error).__name__])[0],
            allowed=f"a disk with room below {HomeSettings().root} that this user may write to",
            action="Free some space or set LEPTON_HOME to another disk; the same command goes on from here.",
        ) from error


def _is_forbidden(error: Exception) -> bool:
    """Whether a file of the home may not be written; one elsewhere is somebody else's matter."""
    if not isinstance(error, PermissionError) or not isinstance(error.filename, str):
        return False
    return Path(error.filename).is_relative_to(HomeSettings().root)
