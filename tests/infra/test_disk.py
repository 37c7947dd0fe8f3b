from __future__ import annotations

import errno
import os

import pytest

from infra.disk import disk_errors
from infra.errors import MachineError


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)),
        OSError(errno.EROFS, os.strerror(errno.EROFS)),
        RuntimeError("SafetensorError: No space left on device"),
    ],
)
def test_a_disk_that_takes_no_more_is_named(error: Exception) -> None:
    with (
        pytest.raises(MachineError, match=r"stage train: found .*; allowed: a disk with room below .*Free some"),
        disk_errors("stage train"),
    ):
        raise error


def test_other_errors_stay_what_they_are() -> None:
    with pytest.raises(ValueError, match="mine"), disk_errors("stage train"):
        raise ValueError("mine")
