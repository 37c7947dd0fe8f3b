"""A training of a model that is being compressed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from infra.progress import Progress, report
from tasks.compress.marks import Constraint, marks
from tasks.compress.subject import Subject
from tasks.fit.batches import Batches, Examples
from tasks.fit.loop import FitPlan, Trainer
from tasks.fit.losses import Loss
from tasks.fit.report import StepReport
from tasks.model.network import Network


class Schedule(Protocol):
    """What a training of any kind says of its length and rates."""

    @property
    def epochs(self) -> int:
        """Passes over the rows."""

    @property
    def learning_rate_share(self) -> float:
        """Of the rates that the model was trained with."""

    @property
    def batch_size(self) -> int:
        """Rows a step; 0: as the model was trained with."""


def tune(
    subject: Subject,
    network: Network,
    schedule: Schedule,
    constraints: Sequence[Constraint] = (),
    *,
    learned: Examples | None = None,
    loss: Loss | None = None,
    before_step: Callable[[int, int], None] | None = None,
) -> None:
    """Train `network` in place on the subject's rows, or on `learned` by `loss`.

    Zeros and shared values that the subject's chain has made stay what they are.

    Args:
        constraints: called after each step.
        before_step: called with the number of the step, from 0, and of all of them.

    Raises:
        TrainingError: the loss is not a number.
    """
    if not schedule.epochs:
        return
    options = subject.training
    rate, batch = schedule.learning_rate_share, schedule.batch_size or options.batch_size
    rates = {name: getattr(options.optimizer, name) * rate for name in ("learning_rate", "head_learning_rate")}
    plan = FitPlan(
        epochs=schedule.epochs,
        optimizer=options.optimizer.model_copy(update=rates | {"average_decay": 0.0, "average_epochs": 0}),
        checkpoint_steps=0,
        seed=options.seed,
        speed=options.speed.model_copy(update={"xla": "off"}),  # graphs are small, and each is trained once
    )
    batches = Batches(learned or subject.material.learned, batch, options.seed)
    held = [*constraints, *marks(network, subject.manifest.compression)]
    trainer = Trainer(network, loss or subject.material.lesson.loss, batches, plan)

    def after(step: StepReport) -> None:
        for constraint in held:
            constraint()
        report(Progress("compress", step.step, step.total, f"epoch {step.epoch}/{step.epochs} loss {step.loss:.4f}"))
        if before_step and step.step < step.total:
            before_step(step.step, step.total)

    if before_step:
        before_step(0, trainer.total)
    trainer.fit(on_step=after)
