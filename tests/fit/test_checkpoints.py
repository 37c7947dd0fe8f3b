"""Checkpoints on disk."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest

from tasks.fit.checkpoints import Checkpoints


def state(value: float) -> dict[str, np.ndarray[tuple[int, ...], np.dtype[np.generic]]]:
    return {"weight/0": np.full((2, 3), value, np.float32), "optimizer/0": np.array(int(value), np.int64)}


def test_the_last_two_are_kept_and_the_newest_is_read(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path / "new", "me")
    assert checkpoints.last() is None
    for step in (5, 10, 15):
        checkpoints.save(step, state(step))

    last = Checkpoints(tmp_path / "new", "me").last()

    assert last is not None and last.step == 15
    assert last.state["weight/0"].tolist() == [[15, 15, 15]] * 2
    assert last.state["optimizer/0"] == 15
    assert sorted(file.name for file in (tmp_path / "new").iterdir()) == [
        "step-000000010.safetensors",
        "step-000000015.safetensors",
    ]


@pytest.mark.parametrize("share", [0.0, 0.5, 0.99])
def test_a_half_written_one_is_passed_over(tmp_path: Path, caplog: pytest.LogCaptureFixture, share: float) -> None:
    checkpoints = Checkpoints(tmp_path, "me")
    checkpoints.save(5, state(5))
    checkpoints.save(10, state(10))
    newest = tmp_path / "step-000000010.safetensors"
    newest.write_bytes(newest.read_bytes()[: int(newest.stat().st_size * share)])

    with caplog.at_level(logging.WARNING):
        last = checkpoints.last()

    assert last is not None and last.step == 5
    assert "step-000000010.safetensors is not whole and is passed over" in caplog.text


def test_one_of_another_training_is_passed_over(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    Checkpoints(tmp_path, "other").save(5, state(5))

    assert Checkpoints(tmp_path, "me").last() is None
    assert "is of another training and is passed over" in caplog.text
