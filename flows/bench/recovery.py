"""What a kill -9 of one of two workers in mid-epoch costs: steps that are taken again, and seconds until one is taken.

The peer is Keras `fit` under MultiWorkerMirroredStrategy with BackupAndRestore once an epoch, its default, below a
supervisor that starts all again as soon as one process has died. Both train the same MiniLM classifier.
"""

from __future__ import annotations

import os
import signal
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from flows.bench.keras_team import MODULE as KERAS_WORKER
from flows.bench.keras_team import KerasTeam
from flows.bench.pace import Pace
from flows.bench.report import Row, time_row
from flows.bench.sentences import MOST_TOKENS, make_sentences
from infra.progress import Progress, report
from tasks.data.references import DatasetRef
from tasks.lessons.config import TrainOptions
from tasks.train.launcher import train
from tasks.train.team.seats import usable_cores

ROWS, REPEATS = 3_200, 5
OUR_WORKER = "tasks.train.worker"
_BATCH, _WORKERS, _EPOCHS = 32, 2, 2
_BARS, _FEWER, _SOONER, _COST = (0.05, 0.0), (1.0, 0.0), (1.0, 1.0), (1.05, 1.0)
_CHECKPOINTS_PER_EPOCH = 20
_KERAS = "Keras with BackupAndRestore"
OnEvent = Callable[[Mapping[str, Any]], None]


@dataclass
class Assassin:
    """Kills the last worker of a training once it has done so many steps, and sees how it goes on.

    Attributes:
        module: what the workers run.
        victim: process id, once there is one; `survivors` are the others, which are gone when training goes on.
        lost: steps that were done and are taken again.
        seconds: from the kill to the next step that counts.
    """

    module: str
    at_step: int
    victim: int = 0
    survivors: tuple[int, ...] = ()
    lost: int = -1
    seconds: float = -1.0
    _done: int = 0
    _killed_at: float = field(default=0.0)

    def __call__(self, event: Mapping[str, Any]) -> None:
        """Take in one event of the chief."""
        if "progress" not in event:
            return
        done = int(event["progress"]["done"])
        if not self.victim:
            self._done = done
            if done >= self.at_step:
                self._kill()
        elif self.lost < 0:
            if self.survivors[0] in self._workers():
                self._done = done  # of the chief of before, which had not noticed yet
            else:
                self.lost, self.seconds = self._done - (done - 1), time.perf_counter() - self._killed_at

    def _kill(self) -> None:
        *survivors, victim = self._workers()
        self.survivors, self.victim = tuple(survivors), victim
        os.kill(victim, signal.SIGKILL)
        self._killed_at = time.perf_counter()

    def _workers(self) -> list[int]:
        """Process ids, in the order in which they were started."""
        alive = [child for child in psutil.Process().children(recursive=True) if child.status() != psutil.STATUS_ZOMBIE]
        return [child.pid for child in sorted(alive, key=_started) if self.module in _command(child)]


@dataclass(frozen=True)
class Bench:
    """What all runs share."""

    folder: Path
    weights: Path
    dataset: DatasetRef
    options: TrainOptions

    def ours(self, name: str, on_event: OnEvent | None = None, **changes: int) -> Path:
        """Train to the end, in a work folder of its own, which is given back."""
        work = self.folder / name
        train(
            self.options.model_copy(update=changes),
            dataset_path=self.dataset.path,
            dataset_digest=self.dataset.digest,
            weights=self.weights,
            work=work,
            package=work / "package",
            log_folder=work / "logs",
            on_event=on_event,
        )
        return work

    def keras(self, name: str, assassin: Assassin) -> None:
        """The same by the peer, whose processes start twice at most, until the loss is known."""
        place, cores = self.folder / name, usable_cores()[:_WORKERS]
        team = KerasTeam(self.options, self.dataset, self.weights, cores, place, place / "backup")
        team.run(assassin, most_attempts=2, enough=lambda: assassin.lost >= 0)


def run(rows: int, repeats: int) -> list[Row]:
    """Steps and seconds lost; `rows` are those of an epoch."""
    from tasks.model.weights import weights

    return compare(weights(), max(20, rows // _BATCH), repeats)


def compare(weights: Path, steps: int, repeats: int) -> list[Row]:
    """The same with any encoder, on epochs of so many steps."""
    with tempfile.TemporaryDirectory(prefix="lepton-bench-") as name:
        folder = Path(name)
        bench = Bench(folder, weights, make_sentences(steps * _BATCH, folder), _options(steps))
        undisturbed, cost = _undisturbed(bench, steps)
        random, ours, theirs = np.random.default_rng(0), list[Assassin](), list[Assassin]()
        same = True
        for number in range(repeats):
            report(Progress("recovery", number, repeats, "kill -9"))
            at_step = steps + int(random.integers(steps // 4, 3 * steps // 4))  # in the middle of the second epoch
            ours.append(Assassin(OUR_WORKER, at_step))
            theirs.append(Assassin(KERAS_WORKER, at_step))
            same &= same_weights(undisturbed, final_weights(bench.ours(f"ours-{number}", ours[-1])))
            bench.keras(f"keras-{number}", theirs[-1])
        report(Progress("recovery", 1, 1))
        return [*_rows(ours, theirs, steps, same), cost]


def _options(steps: int) -> TrainOptions:
    return TrainOptions.model_validate(
        {
            "task": "text_classification",
            "epochs": _EPOCHS,
            "batch_size": _BATCH,
            "workers": _WORKERS,
            "checkpoint_steps": max(1, steps // _CHECKPOINTS_PER_EPOCH),
            "encoder": {"max_tokens": MOST_TOKENS},
        }
    )


def _undisturbed(bench: Bench, steps: int) -> tuple[dict[str, Any], Row]:
    """What a training ends with that nobody kills, and what its checkpoints cost in the second epoch."""
    often, never = Pace(), Pace()
    weights = final_weights(bench.ours("undisturbed", often))
    bench.ours("no-checkpoints", never, checkpoint_steps=2 * steps)
    seconds = [pace.seconds_per_step(steps, 2 * steps) for pace in (often, never)]
    case = f"seconds a step, with {_CHECKPOINTS_PER_EPOCH} checkpoints an epoch, one run"
    return weights, time_row(case, "without checkpoints", seconds[:1], seconds[1:], _COST, same_output=True)


def _rows(ours: Sequence[Assassin], theirs: Sequence[Assassin], steps: int, same: bool) -> list[Row]:
    """Less is better; `same_output` says that every training ended with the weights of an undisturbed one."""
    lost, seconds = [each.lost for each in ours], [each.seconds for each in ours]
    lost_there, seconds_there = [each.lost for each in theirs], [each.seconds for each in theirs]
    runs = f"kill -9 of one of two workers, {len(ours)} times"
    return [
        time_row(f"steps lost, {runs}", f"an epoch of {steps} steps", lost, [steps] * len(lost), _BARS, same),
        time_row(f"steps lost, {runs}", _KERAS, lost, lost_there, _FEWER, same),
        time_row(f"seconds to the next step, {runs}", _KERAS, seconds, seconds_there, _SOONER, same),
    ]


def final_weights(work: Path) -> dict[str, Any]:
    """What the last checkpoint holds."""
    from safetensors.numpy import load_file

    return dict(load_file(max(work.glob("step-*.safetensors"))))


def same_weights(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether a training that was disturbed ended where an undisturbed one did, in every bit."""
    return one.keys() == other.keys() and all(np.array_equal(one[name], other[name]) for name in one)


def _started(process: psutil.Process) -> float:
    return float(process.create_time())


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.NoSuchProcess:
        return []
