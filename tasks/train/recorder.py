"""What a person sees of a training, from the events of its workers: points that are kept, sent on, and drawn."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tasks.train.curves import Curves, Point, write_csv
from tasks.train.event_file import TENSORBOARD, EventFile
from tasks.train.outbox import Outbox
from tasks.train.pictures import draw_curves

PICTURE, TABLE = "curves.png", "curves.csv"


class Recorder:
    """Keeps the curves of one training below its work folder, and sends them on.

    Where a killed training goes on, all points of before are sent again, since the last ones may not have arrived;
    who receives them must know a point that it has by its step, value and time, as MLflow does.
    """

    def __init__(self, work: Path, epochs: int, send: Callable[[Sequence[Point]], None]) -> None:
        self.work, self.epochs, self.steps = work, epochs, 0
        self.curves = Curves(work)
        self.event_file = EventFile(work, self.curves.points)
        self.outbox = Outbox(send)
        self.outbox.put(self.curves.points)

    def take(self, event: Mapping[str, Any]) -> None:
        """Take in one event of a worker; only metrics, and the number of steps that progress has, are of interest."""
        if "progress" in event:
            self.steps = int(event["progress"]["total"])
        if "metrics" in event:
            fresh = self.curves.add(event["metrics"])
            self.event_file.add(fresh)
            self.outbox.put(fresh)

    def write_files(self, folder: Path) -> Path | None:
        """Write table, picture and event file into `folder`; the picture, or None where nothing was measured."""
        if not self.curves.points:
            return None
        last = max(point.step for point in self.curves.points)
        write_csv(self.curves, folder / TABLE)
        draw_curves(self.curves, max(1, (self.steps or last) // self.epochs), folder / PICTURE)
        shutil.copytree(self.work / TENSORBOARD, folder / TENSORBOARD)
        return folder / PICTURE

    def close(self) -> None:
        """Close the files, and send what is left; raises what kept it from being sent."""
        self.curves.close()
        self.event_file.close()
        self.outbox.close()
