"""A training in this process, of some of the rows of a material, by the trainer that the options ask for."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from infra.processes import emit
from tasks.dp.plan import PrivatePlan
from tasks.dp.record import PrivacyRecord
from tasks.dp.trainer import PrivateTrainer
from tasks.fit.batches import Batches, Examples
from tasks.fit.loop import FitPlan, OnStep, Trainer
from tasks.fit.report import StepReport
from tasks.lessons.config import TrainOptions
from tasks.lessons.lesson import Lesson
from tasks.model.network import Network

Begun = Callable[[Network], None]
_SECONDS_BETWEEN_REPORTS = 0.5


@dataclass(frozen=True)
class Course:
    """How rows are learned from.

    Attributes:
        private: what a private training is to run; None: plain training.
        dataset_digest: whose rows they are, for the record.
    """

    options: TrainOptions
    lesson: Lesson
    private: PrivatePlan | None
    dataset_digest: str


def learn(
    course: Course, examples: Examples, begun: Begun | None = None, on_step: OnStep | None = None
) -> tuple[Network, PrivacyRecord | None]:
    """Train on all of `examples`; gives the network, and of a private training what it spent.

    Args:
        begun: called with the network before its first step.
    """
    options, lesson = course.options, course.lesson
    network = lesson.build()
    if lesson.prime:
        lesson.prime(network, examples)
    if begun:
        begun(network)
    plan = FitPlan(
        epochs=options.epochs,
        optimizer=options.optimizer,
        checkpoint_steps=0,
        seed=options.seed,
        speed=options.speed,
    )
    if course.private is None:
        batches = Batches(examples, options.batch_size, options.seed)
        Trainer(network, lesson.loss, batches, plan).fit(on_step=on_step)
        return network, None
    trainer = PrivateTrainer(network, lesson.loss, examples, plan, course.private, options.privacy)
    trainer.fit(on_step=on_step)
    return network, trainer.record(course.dataset_digest)


class Told:
    """Progress over several trainings, each as much as the others."""

    def __init__(self, trainings: int) -> None:
        self.trainings, self.begun, self.last = trainings, 0, 0.0

    def training(self, what: str) -> OnStep:
        """What to call after each step of the next one."""
        self.begun += 1
        number = self.begun

        def on_step(report: StepReport) -> None:
            if time.monotonic() - self.last < _SECONDS_BETWEEN_REPORTS:
                return
            self.last = time.monotonic()
            done, epoch = number - 1 + report.step / report.total, f"epoch {report.epoch}/{report.epochs}"
            text = f"training {number} of {self.trainings} {what} {epoch}"
            emit({"progress": {"done": done, "total": float(self.trainings), "text": text}})

        return on_step
