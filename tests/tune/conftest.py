from __future__ import annotations

import queue
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from infra.processes import Event
from tasks.lessons.config import TrainOptions
from tasks.tune.config import TuneOptions
from tasks.tune.running import Limits
from tasks.tune.search import Search
from tasks.tune.study import StudyPlan, identity_of, open_study
from tasks.tune.trials import Draw, Trials

TRAIN = TrainOptions(task="text_classification", epochs=4)
EPOCHS = 4


def tune_options(**changes: Any) -> TuneOptions:
    """A search over a rate, a whole number and a choice."""
    space = [
        {"option": "train.optimizer.learning_rate", "low": 1e-5, "high": 1e-2, "log": True},
        {"option": "train.encoder.frozen_layers", "kind": "whole", "low": 0, "high": 4},
        {"option": "train.batch_size", "choices": ["16", "32"]},
    ]
    return TuneOptions.model_validate({"metric": "val_accuracy", "space": space, **changes})


def open_trials(folder: Path, options: TuneOptions, *, name: str = "s", url: str = "", owner: str = "me") -> Trials:
    plan = StudyPlan(name, url, folder, identity_of(options, TRAIN, ["data"]), options, EPOCHS)
    return Trials(*open_study(plan), plan, owner)


def quality(values: Mapping[str, str]) -> float:
    """Best at a rate of 1e-3, with no layer frozen: known, so that a test can tell whether it was found."""
    from math import log10

    rate, frozen = float(values["train.optimizer.learning_rate"]), int(values["train.encoder.frozen_layers"])
    return 1 - 0.1 * abs(log10(rate) + 3) - 0.05 * frozen


class Training:
    """What a trial's process does, as fast as can be: it measures after each epoch, a little better each time."""

    def __init__(self, events: list[Event]) -> None:
        self.stopped = False
        self._events: queue.Queue[Event | None] = queue.Queue()
        for event in events:
            self._events.put(event)
        self._events.put(None)

    def read(self) -> Iterator[Event]:
        while (event := self._events.get()) is not None and not self.stopped:
            yield event

    def stop(self) -> None:
        self.stopped = True

    def last_lines(self) -> str:
        return "its last line"


def trains(values: Mapping[str, str], epochs: int = EPOCHS) -> list[Event]:
    """The events of a training."""
    steps = range(1, epochs + 1)
    measured: list[Event] = [
        {"metrics": {"step": 10 * step, "val_accuracy": quality(values) - 0.1 / step}} for step in steps
    ]
    return [
        {"metrics": {"step": 1, "loss": 9.0}},
        *measured,
        {"result": {"loss": 0.1, "val_accuracy": quality(values)}},
    ]


class Log:
    """A watcher that keeps what it is told."""

    def __init__(self) -> None:
        self.said: list[tuple[str, int]] = []
        self.processes: dict[int, Training] = {}

    def started(self, draw: Draw) -> None:
        self.said.append(("started", draw.number))

    def measured(self, number: int, metrics: Mapping[str, float]) -> None:
        self.said.append(("measured", number))

    def ended(self, number: int) -> None:
        self.said.append(("ended", number))


Searching = Callable[..., tuple[Trials, Log, bool]]


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory where there is one: a study commits some thirty times a trial, each a write to disk."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else tmp_path) as name:
        yield Path(name)


@pytest.fixture
def searching(folder: Path) -> Searching:
    """Search with trials that train as `events` of their values say."""

    def call(
        options: TuneOptions | None = None,
        *,
        events: Callable[[Mapping[str, str]], list[Event]] = trains,
        trials: int = 6,
        parallel: int = 1,
        seconds: float = 60,
        own: Mapping[str, Any] | None = None,
    ) -> tuple[Trials, Log, bool]:
        book, log = open_trials(folder, options or tune_options()), Log()

        def start(draw: Draw, slot: int) -> Training:
            log.processes[draw.number] = Training(events(draw.values))
            return log.processes[draw.number]

        book.begin(own or {})
        return book, log, Search(book, start, [log], Limits(trials, parallel, seconds)).run()

    return call
