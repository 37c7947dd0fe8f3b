"""Samples a second of two one-core workers beside twice one: a MiniLM classifier, 32 short texts a worker and step.

The peer is Keras `fit` under a bare MultiWorkerMirroredStrategy, with the same model and batches. Two trainings that
know nothing of each other say how much two cores of this machine do at all when both are busy.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flows.bench.keras_team import KerasTeam
from flows.bench.pace import Pace, at_once, on_cores
from flows.bench.report import Row, share_row
from flows.bench.sentences import MOST_TOKENS, make_sentences
from infra.errors import MachineError
from infra.progress import Progress, report
from tasks.data.references import DatasetRef
from tasks.lessons.config import TrainOptions
from tasks.train.launcher import train
from tasks.train.team.seats import usable_cores

_ROWS_A_WORKER = 32
ROWS, REPEATS = 30 * _ROWS_A_WORKER, 5
_BARS, _EQUAL = (0.9, 0.97), (1.0, 1.0)
_OURS, _APART = "two workers", "two trainings apart"
_PEER = "Keras fit under MultiWorkerMirroredStrategy"
OnEvent = Callable[[Mapping[str, Any]], None]


@dataclass(frozen=True)
class Bench:
    """What all runs share: rows for two epochs of so many steps by one worker; the second epoch is measured."""

    folder: Path
    weights: Path
    steps: int
    datasets: Mapping[int, DatasetRef]

    def ours(self, cores: tuple[int, ...]) -> float:
        """Samples a second of one training with a worker on each core."""
        workers = len(cores)
        with tempfile.TemporaryDirectory(dir=self.folder) as name:
            place = Path(name)

            def work(on_event: OnEvent) -> None:
                train(
                    self.options(workers),
                    dataset_path=self.datasets[workers].path,
                    dataset_digest=self.datasets[workers].digest,
                    weights=self.weights,
                    work=place / "work",
                    package=place / "package",
                    log_folder=place / "logs",
                    on_event=on_event,
                )

            return self._speed(workers, lambda on_event: on_cores(cores, lambda: work(on_event)))

    def keras(self, cores: tuple[int, ...]) -> float:
        """The same of the peer."""
        workers = len(cores)
        with tempfile.TemporaryDirectory(dir=self.folder) as name:
            team = KerasTeam(self.options(workers), self.datasets[workers], self.weights, cores, Path(name))
            return self._speed(workers, team.run)

    def options(self, workers: int) -> TrainOptions:
        """As a recipe for short texts has them; no checkpoint falls into what is measured."""
        return TrainOptions.model_validate(
            {
                "task": "text_classification",
                "epochs": 2,
                "batch_size": _ROWS_A_WORKER * workers,
                "workers": workers,
                "checkpoint_steps": 2 * self.steps,
                "encoder": {"max_tokens": MOST_TOKENS},
            }
        )

    def _speed(self, workers: int, run: Callable[[OnEvent], Any]) -> float:
        pace = Pace()
        run(pace)
        return _ROWS_A_WORKER * workers / pace.seconds_per_step(self.steps, 2 * self.steps)


def run(rows: int, repeats: int) -> list[Row]:
    """Ratios of samples a second; `rows` are those of one epoch of one worker.

    Raises:
        MachineError: this process may not use two cores.
    """
    from tasks.model.weights import weights

    return compare(weights(), max(2, rows // _ROWS_A_WORKER), repeats)


def compare(weights: Path, steps: int, repeats: int) -> list[Row]:
    """The same with any encoder, on epochs of so many steps."""
    cores = usable_cores()
    if len(cores) < 2:
        raise MachineError(
            "bench scaling",
            found="one core that this process may use",
            allowed="two or more",
            action="Run it on another machine, or with a wider taskset.",
        )
    with tempfile.TemporaryDirectory(prefix="lepton-bench-") as name:
        folder = Path(name)
        datasets = {}
        for workers in (1, 2):
            (folder / f"rows-{workers}").mkdir()
            datasets[workers] = make_sentences(steps * _ROWS_A_WORKER * workers, folder / f"rows-{workers}")
        return _rows(_measured(Bench(folder, weights, steps, datasets), cores[:2], repeats), repeats)


def _measured(bench: Bench, cores: tuple[int, ...], repeats: int) -> dict[str, list[float]]:
    """Samples a second of each kind, in turn."""
    one, other = cores[:1], cores[1:]
    kinds: dict[str, Callable[[], float]] = {
        "one": lambda: bench.ours(one),
        _OURS: lambda: bench.ours(cores),
        "one, Keras": lambda: bench.keras(one),
        _PEER: lambda: bench.keras(cores),
        _APART: lambda: sum(at_once([lambda: bench.ours(one), lambda: bench.ours(other)])),
    }
    speeds: dict[str, list[float]] = {kind: [] for kind in kinds}
    for number in range(repeats):
        for place, (kind, measure) in enumerate(kinds.items()):
            report(Progress("scaling", number * len(kinds) + place, repeats * len(kinds), kind))
            speeds[kind].append(measure())
    report(Progress("scaling", 1, 1))
    return speeds


def _rows(speeds: Mapping[str, list[float]], repeats: int) -> list[Row]:
    """Efficiencies: more is better."""
    unit = f"samples/s, {_ROWS_A_WORKER} rows a worker and step, {repeats} runs"
    twice = {kind: [2 * speed for speed in speeds[kind]] for kind in ("one", "one, Keras")}
    return [
        share_row(f"{_OURS}, {unit}", "twice one worker", speeds[_OURS], twice["one"], _BARS),
        share_row(f"{_PEER}, {unit}", "twice one process of its own", speeds[_PEER], twice["one, Keras"], _BARS),
        share_row(f"{_APART}, {unit}", "twice one worker", speeds[_APART], twice["one"], _BARS),
        share_row(f"{_OURS}, {unit}", _PEER, speeds[_OURS], speeds[_PEER], _EQUAL),
    ]
