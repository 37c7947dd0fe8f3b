"""What a worker says of itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tasks.fit.report import StepReport
from tasks.train.spec import TrainSpec
from tasks.train.team.heart import Heart
from tasks.train.worker import Reporter, _checkpoints
from tests.train.conftest import tabular


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = []
    monkeypatch.setattr("tasks.train.worker.emit", events.append)
    return events


def report(step: int, loss: float) -> StepReport:
    return StepReport(step, total=4, epoch=1, epochs=1, loss=loss, learning_rate=0.1, samples_per_second=9.99)


def test_reports_are_few_and_average_what_lies_between(sent: list[dict[str, Any]]) -> None:
    reporter = Reporter(is_chief=True, heart=Heart())
    for step, loss in ((1, 4.0), (2, 1.0), (3, 2.0), (4, 3.0)):  # all within an instant
        reporter(report(step, loss))

    assert sent[0] == {"started": True}
    assert [event["progress"]["done"] for event in sent if "progress" in event] == [1, 4]
    assert [event["metrics"]["loss"] for event in sent if "metrics" in event] == [4.0, 2.0]


def test_only_the_chief_reports_but_each_says_that_it_started(sent: list[dict[str, Any]]) -> None:
    heart = Heart()
    reporter = Reporter(is_chief=False, heart=heart)
    reporter(report(1, 4.0))
    reporter(report(4, 4.0))

    assert sent == [{"started": True}]
    assert heart.step == 4


def test_whatever_is_written_counts_as_saving(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    phases: list[str] = []
    monkeypatch.setattr("tasks.train.team.heart.emit", lambda event: phases.append(event["beat"]["phase"]))
    spec = TrainSpec(
        options=tabular(),
        dataset_path="",
        dataset_digest="",
        weights=None,
        work=tmp_path,
        package=None,
        worker=0,
        cluster={"worker": ("127.0.0.1:1",)},
        cores=(0,),
    )
    checkpoints = _checkpoints(spec, Heart())
    checkpoints.save_best(4, {"weight/0": np.zeros(1)})
    checkpoints.save(5, {"weight/0": np.zeros(1)}, best=4)

    assert phases == ["save", "save"]
    assert checkpoints.best(4) is not None
