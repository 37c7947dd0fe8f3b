from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from infra.disk import disk_errors
from infra.errors import MachineError


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)),
        OSError(errno.EROFS, os.strerror(errno.EROFS)),
        RuntimeError("SafetensorError: No space left on device"),
        RuntimeError("(sqlite3.OperationalError) database or disk is full"),
    ],
)
def test_a_disk_that_takes_no_more_is_named(error: Exception) -> None:
    with (
        pytest.raises(MachineError, match=r"stage train: found .*; allowed: a disk with room below .*Free some"),
        disk_errors("stage train"),
    ):
        raise error


def test_a_file_that_may_not_be_written_counts_if_it_is_of_the_home(home: Path) -> None:
    with pytest.raises(MachineError, match="Permission denied"), disk_errors("stage train"):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(home / "x"))
    with pytest.raises(PermissionError), disk_errors("stage train"):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), "/elsewhere/x")


def test_other_errors_stay_what_they_are() -> None:
    with pytest.raises(ValueError, match="mine"), disk_errors("stage train"):
        raise ValueError("mine")
