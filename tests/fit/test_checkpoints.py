"""Checkpoints on disk."""

from __future__ import annotations

import errno
import logging
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from infra.errors import MachineError
from tasks.fit.checkpoints import Checkpoints, Writer


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


def test_the_best_stays_beside_the_last(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path, "me", keep=1)
    checkpoints.save_best(3, state(3))
    checkpoints.save(5, state(5), best=3)
    checkpoints.save_best(10, state(10))
    checkpoints.save(15, state(15), best=10)

    last, best = checkpoints.last(), checkpoints.best(10)

    assert last is not None and last.step == 15
    assert best is not None and best["optimizer/0"] == 10
    assert checkpoints.best(3) is None
    assert len(list(tmp_path.iterdir())) == 2


def test_a_best_one_stays_while_a_checkpoint_names_it(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path, "me")
    for step, best in ((5, 3), (10, 3), (15, 12)):
        if best > step - 5:
            checkpoints.save_best(best, state(best))
            assert checkpoints.best(3) is not None  # a kill now goes on from a checkpoint that names it
        checkpoints.save(step, state(step), best)

    assert checkpoints.best(3) is not None and checkpoints.best(12) is not None  # 10 is there yet
    checkpoints.save(20, state(20), best=12)
    assert checkpoints.best(3) is None and checkpoints.best(12) is not None


def test_newer_ones_of_another_training_do_not_count(tmp_path: Path) -> None:
    for step in (475, 500):
        Checkpoints(tmp_path, "other").save(step, state(step))
    checkpoints = Checkpoints(tmp_path, "me")
    for step in (25, 50, 75):
        checkpoints.save(step, state(step))

        last = checkpoints.last()
        assert last is not None and last.step == step
    assert len(list(tmp_path.iterdir())) == 4


@pytest.mark.skipif(os.geteuid() != 0 or sys.platform != "linux", reason="mounting a small disk takes root on Linux")
def test_a_full_disk_is_an_error_and_leaves_the_last_one(tmp_path: Path) -> None:
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", tmp_path], capture_output=True).returncode:
        pytest.skip("this machine lets nobody mount")
    try:
        checkpoints = Checkpoints(tmp_path, "me")
        checkpoints.save(5, {"weight/0": np.zeros(20_000, np.float32)})

        with pytest.raises(MachineError, match=r"checkpoint .*step-000000010.*: found .*No space left on device"):
            checkpoints.save(10, {"weight/0": np.zeros(100_000, np.float32)})

        assert [file.name for file in tmp_path.iterdir()] == ["step-000000005.safetensors"]
        last = checkpoints.last()
        assert last is not None and last.step == 5
    finally:
        subprocess.run(["umount", tmp_path], check=True)


def test_a_disk_that_fills_up_between_write_and_rename(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checkpoints = Checkpoints(tmp_path, "me")
    checkpoints.save(5, state(5))

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(MachineError, match="No space left on device"):
        checkpoints.save(10, state(10))

    assert [file.name for file in tmp_path.iterdir()] == ["step-000000005.safetensors"]


def test_what_goes_wrong_in_the_writer_comes_out_of_it(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")

    with pytest.raises(OSError, match="file"), Writer(Checkpoints(tmp_path / "file", "me")) as writer:
        writer.save(5, lambda: state(5))


def test_the_writer_writes_in_order(tmp_path: Path) -> None:
    with Writer(Checkpoints(tmp_path, "me")) as writer:
        for step in range(1, 8):
            writer.save(step, lambda step=step: state(step))  # type: ignore[misc]
        writer.save_best(4, state(4))

    assert sorted(file.stem for file in tmp_path.iterdir()) == [
        "step-000000004-best",
        "step-000000006",
        "step-000000007",
    ]
