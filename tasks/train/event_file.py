"""Curves in the format of TensorBoard, written without TensorFlow."""

from __future__ import annotations

import socket
from collections.abc import Iterable
from pathlib import Path

from tasks.train.curves import Point

TENSORBOARD = "tensorboard"


class EventFile:
    """The one event file of a training, in the folder `tensorboard` of its work folder; written anew when it goes on.

    `tensorboard --logdir` on the folder, or on one above, shows it while it grows.
    """

    def __init__(self, work: Path, points: Iterable[Point]) -> None:
        from tensorboard.summary.writer.record_writer import RecordWriter

        folder = work / TENSORBOARD
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.glob("events.out.tfevents.*"):
            old.unlink()
        points = list(points)
        begun = points[0].time_ms // 1000 if points else 0
        self._writer = RecordWriter((folder / f"events.out.tfevents.{begun}.{socket.gethostname()}").open("wb"))
        self._writer.write(_version())
        self.add(points)

    def add(self, points: Iterable[Point]) -> None:
        """Append points and hand them to the system."""
        for point in points:
            self._writer.write(_event(point))
        self._writer.flush()

    def close(self) -> None:
        """Take no more."""
        self._writer.close()


def _version() -> bytes:
    """What every event file begins with."""
    from tensorboard.compat.proto.event_pb2 import Event

    return bytes(Event(file_version="brain.Event:2").SerializeToString())


def _event(point: Point) -> bytes:
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary

    value = Summary.Value(tag=_tag(point.curve), simple_value=point.value)
    event = Event(wall_time=point.time_ms / 1000, step=point.step, summary=Summary(value=[value]))
    return bytes(event.SerializeToString())


def _tag(curve: str) -> str:
    """TensorBoard groups by what stands before the slash."""
    return f"validation/{curve.removeprefix('val_')}" if curve.startswith("val_") else f"training/{curve}"
