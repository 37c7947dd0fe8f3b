"""A disk that is full or can't be written, told as what it is wherever it is met."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager

from infra.errors import LeptonError, MachineError
from infra.settings.home import HomeSettings

_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM)


@contextmanager
def disk_errors(subject: str) -> Iterator[None]:
    """Turn what the block meets of the disk into a MachineError."""
    try:
        yield
    except LeptonError:
        raise
    except Exception as error:  # libraries have errors of their own for it, with the number or the words of errno
        known = isinstance(error, OSError) and error.errno in _DISK
        if not known and not any(os.strerror(code) in str(error) for code in _DISK[:3]):
            raise
        raise MachineError(
            subject,
            found=str(error),
            allowed=f"a disk with room below {HomeSettings().root} that this user may write to",
            action="Free some space or set LEPTON_HOME to another disk; the same command goes on from here.",
        ) from error
