"""Workers killed, stopped and cut off in mid-training: the model is that of an undisturbed training."""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from infra.processes import Event
from tasks.data.references import DatasetRef
from tasks.data.version import read_rows
from tasks.runtime.predictor import load
from tests.train.conftest import Launch, tabular
from tests.train.team.namespaces import Namespaces

STEPS_APART, LAST_STEP = 40, 560


class Chaos:
    """Does harm when the training first comes to each of the given steps.

    Args:
        plan: steps with what happens then: a signal, or `None` for a lost network; and to which worker.
    """

    def __init__(self, place: Namespaces, plan: Sequence[tuple[int, signal.Signals | None, int]]) -> None:
        self.place, self.left = place, list(plan)
        self.seen: list[int] = []

    def __call__(self, event: Event) -> None:
        if "progress" not in event:
            return
        self.seen.append(event["progress"]["done"])
        if self.left and self.seen[-1] >= self.left[0][0]:
            _, harm, worker = self.left.pop(0)
            if harm is None:
                self.place.cut(worker)
            else:
                os.kill(worker_process(worker).pid, harm)


def worker_process(worker: int) -> Any:
    return next(child for child in psutil.Process().children() if f"worker-{worker}.json" in " ".join(child.cmdline()))


def run(launch: Launch, dataset: DatasetRef, folder: Path, chaos: Chaos | None, **changes: Any) -> tuple[Any, Any]:
    """The result, and the probabilities of the model for all rows."""
    options = tabular(workers=2, epochs=80, checkpoint_steps=10, max_restarts=len(chaos.left) if chaos else 0)
    paths = {"work": folder / "work", "package": folder / "package", "log_folder": folder / "logs"}
    result = launch(options, dataset, on_event=chaos, **paths, **changes)
    return result, load(folder / "package").row_outputs(read_rows(dataset))


def check(result: Any, outputs: Any, expected: Any, chaos: Chaos, events: int) -> None:
    assert not chaos.left
    assert result["restarts"] == events
    assert chaos.seen[-1] == LAST_STEP
    restarted = [now for before, now in zip(chaos.seen, chaos.seen[1:], strict=False) if now <= before]
    assert 1 not in restarted  # none began anew
    np.testing.assert_allclose(outputs, expected, atol=1e-5)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_killed_stopped_and_cut_off(launch: Launch, dataset: DatasetRef, tmp_path: Path) -> None:
    _, expected = run(launch, dataset, tmp_path / "calm", None)
    with Namespaces(2) as place:
        chaos = Chaos(place, [(60, signal.SIGKILL, 1), (170, signal.SIGSTOP, 0), (280, None, 1)])
        result, outputs = run(launch, dataset, tmp_path / "chaos", chaos, place=place)

    check(result, outputs, expected, chaos, events=3)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_twenty_times_at_random(launch: Launch, dataset: DatasetRef, tmp_path: Path) -> None:
    _, expected = run(launch, dataset, tmp_path / "calm", None)
    for number in range(5):
        draw = random.Random(number)
        steps = sorted(draw.sample(range(20, LAST_STEP - STEPS_APART, STEPS_APART), 4))
        plan = [(step, draw.choice([signal.SIGKILL, signal.SIGSTOP, None]), draw.randrange(2)) for step in steps]
        with Namespaces(2) as place:
            chaos = Chaos(place, plan)
            result, outputs = run(launch, dataset, tmp_path / str(number), chaos, place=place)
        check(result, outputs, expected, chaos, events=4)
