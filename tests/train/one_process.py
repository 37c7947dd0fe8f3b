"""A training in the test's own process: what a worker does, without starting one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tasks.data.references import DatasetRef
from tasks.lessons.config import TrainOptions
from tasks.lessons.lesson import Lesson
from tasks.train.spec import TrainSpec


@dataclass(frozen=True)
class Trained:
    """What a training left behind, and the steps that it took."""

    lesson: Lesson
    network: Any
    steps: list[int]


def train_here(options: TrainOptions, dataset: DatasetRef, start: Path | None, folder: Path) -> Trained:
    """Train to the end, from the last checkpoint in `folder / "work"` if there is one."""
    from tasks.fit.batches import Batches
    from tasks.fit.checkpoints import Checkpoints
    from tasks.fit.loop import FitPlan, Trainer
    from tasks.lessons.material import prepare, read_train_rows

    spec = spec_of(options, dataset, start, folder)
    material = prepare(options, read_train_rows(options, dataset), start)
    network = material.lesson.build()
    batches = Batches(material.learned, options.batch_size, options.seed)
    plan = FitPlan(options.epochs, options.optimizer, options.checkpoint_steps, options.seed, speed=options.speed)
    trainer = Trainer(network, material.lesson.loss, batches, plan)
    steps: list[int] = []
    trainer.fit(Checkpoints(spec.work, spec.identity), on_step=lambda report: steps.append(report.step))
    return Trained(material.lesson, network, steps)


def lose_last_checkpoint(folder: Path) -> None:
    """Be as a training that was killed before its last step."""
    sorted((folder / "work").glob("step-*"))[-1].unlink()


def spec_of(options: TrainOptions, dataset: DatasetRef, start: Path | None, folder: Path) -> TrainSpec:
    """What a launcher would tell the only worker."""
    return TrainSpec(
        options=options,
        dataset_path=dataset.path,
        dataset_digest=dataset.digest,
        weights=start,
        work=folder / "work",
        package=folder / "package",
        worker=0,
        cluster={"worker": ("",)},
        cores=(0,),
    )
