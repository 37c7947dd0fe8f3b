"""From a worker's events to what a person opens: MLflow's points, TensorBoard's file, a table and a picture."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from infra.settings.home import checkout
from tasks.train.curves import Curves, Point
from tasks.train.event_file import EventFile
from tasks.train.pictures import draw_curves, smoothed
from tasks.train.recorder import PICTURE, TABLE, Recorder

Read = list[tuple[str, int, float]]


def in_tensorboard(folder: Path) -> Read:
    """What TensorBoard's own reader finds."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    found = EventAccumulator(str(folder)).Reload()
    return [(tag, one.step, one.value) for tag in found.Tags()["scalars"] for one in found.Scalars(tag)]


def test_events_become_points_files_and_a_picture(tmp_path: Path) -> None:
    sent: list[Point] = []
    recorder = Recorder(tmp_path / "work", epochs=2, send=sent.extend)
    recorder.take({"progress": {"done": 1, "total": 4, "text": "epoch 1/2"}})
    for step, loss in enumerate((4.0, 3.0, 2.0, 1.0), start=1):
        recorder.take({"metrics": {"step": step, "loss": loss, "learning_rate": 0.1}})
    recorder.take({"metrics": {"step": 4, "val_loss": 1.5, "val_accuracy": 0.75}})
    recorder.take({"started": True})
    recorder.close()

    assert [(point.curve, point.step) for point in sent if point.curve == "loss"] == [("loss", n) for n in (1, 2, 3, 4)]
    (tmp_path / "files").mkdir()
    picture = recorder.write_files(tmp_path / "files")
    assert picture is not None and picture.read_bytes().startswith(b"\x89PNG")
    assert {file.name for file in (tmp_path / "files").iterdir()} == {PICTURE, TABLE, "tensorboard"}
    read = in_tensorboard(tmp_path / "files" / "tensorboard")
    assert [one for one in read if one[0] == "training/loss"] == [("training/loss", n, 5.0 - n) for n in (1, 2, 3, 4)]
    assert ("validation/accuracy", 4, 0.75) in read and ("validation/loss", 4, 1.5) in read


def test_a_resumed_training_sends_all_again_and_has_one_event_file(tmp_path: Path) -> None:
    first = Recorder(tmp_path, epochs=1, send=lambda _: None)
    first.take({"metrics": {"step": 1, "loss": 4.0}})
    first.take({"metrics": {"step": 2, "loss": 3.0}})
    # killed here
    sent: list[Point] = []
    second = Recorder(tmp_path, epochs=1, send=sent.extend)
    second.take({"metrics": {"step": 2, "loss": 3.0}})
    second.take({"metrics": {"step": 3, "loss": 2.0}})
    second.close()

    assert sent == second.curves.points
    assert [point.step for point in sent] == [1, 2, 3]
    assert sent[:2] == first.curves.points, "with the time of before, by which MLflow knows them"
    assert in_tensorboard(tmp_path / "tensorboard") == [("training/loss", n, 5.0 - n) for n in (1, 2, 3)]


def test_a_training_that_measured_nothing_leaves_no_files(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path, epochs=1, send=lambda _: None)
    recorder.close()
    (tmp_path / "files").mkdir()
    assert recorder.write_files(tmp_path / "files") is None
    assert list((tmp_path / "files").iterdir()) == []


def test_an_end_that_is_not_sent_is_an_error_and_the_files_are_there(tmp_path: Path) -> None:
    def refuse(_: Sequence[Point]) -> None:
        raise OSError("connection refused")

    recorder = Recorder(tmp_path / "work", epochs=1, send=refuse)
    recorder.take({"metrics": {"step": 1, "loss": 1.0}})
    with pytest.raises(OSError, match="refused"):
        recorder.close()
    (tmp_path / "files").mkdir()
    assert recorder.write_files(tmp_path / "files")


def test_the_parent_writes_event_files_without_tensorflow(tmp_path: Path) -> None:
    script = f"""
import sys
from pathlib import Path
from tasks.train.curves import Point
from tasks.train.event_file import EventFile
EventFile(Path({str(tmp_path)!r}), [Point("loss", 1, 1.0, 1)]).close()
assert "tensorflow" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", script], cwd=checkout(), check=True)
    assert in_tensorboard(tmp_path / "tensorboard") == [("training/loss", 1, 1.0)]


def test_what_is_not_a_number_is_drawn_around(tmp_path: Path) -> None:
    with Curves(tmp_path) as curves:
        for step, loss in enumerate((1.0, float("inf"), float("nan")), start=1):
            curves.add({"step": step, "loss": loss})
        draw_curves(curves, 2, tmp_path / "curves.png")
        EventFile(tmp_path, curves.points).close()
    assert (tmp_path / "curves.png").stat().st_size > 1000


def test_smoothing_is_a_mean_over_a_window_that_is_narrow_at_the_ends() -> None:
    values = np.array([4.0, 1.0, 1.0, 4.0, 4.0, np.nan, 4.0])
    np.testing.assert_allclose(smoothed(values, share=3 / 7), [4.0, 2.0, 2.0, 3.0, 4.0, 4.0, 4.0])
    np.testing.assert_allclose(smoothed(values[:5], share=0.0), values[:5])
