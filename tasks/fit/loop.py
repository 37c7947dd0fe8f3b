"""The training loop: the same on one process and on several under MultiWorkerMirroredStrategy."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import tensorflow as tf

from tasks.data.prefetch import prefetched
from tasks.fit.adversary import Adversary
from tasks.fit.average import WeightAverage
from tasks.fit.batches import Batches, Slice
from tasks.fit.checkpoints import Checkpoints, State, Writer
from tasks.fit.config import OptimizerOptions, SpeedOptions, StoppingOptions
from tasks.fit.course import Course
from tasks.fit.exam import Exam
from tasks.fit.failures import check_finite
from tasks.fit.layout import plan_layout
from tasks.fit.losses import Loss
from tasks.fit.memory import OUT_OF_MEMORY, fitting_rows, memory_error
from tasks.fit.optimizer import adversary_group, weight_groups
from tasks.fit.precision import check_precision, precision
from tasks.fit.report import Meter, StepReport, peak_memory_mb
from tasks.fit.step import Outcome, Step
from tasks.fit.validation import Examiner, Validation
from tasks.model.network import Network

log = logging.getLogger(__name__)
CHECKPOINTS_PER_EPOCH = 20  # a kill costs a twentieth of an epoch at most
OnStep = Callable[[StepReport], None]


@dataclass(frozen=True)
class FitPlan:
    """How long, and how weights move."""

    epochs: int
    optimizer: OptimizerOptions
    checkpoint_steps: int
    seed: int
    stopping: StoppingOptions = field(default_factory=StoppingOptions)
    speed: SpeedOptions = field(default_factory=SpeedOptions)


class Trainer:
    """One model, its optimizers, and the compiled step.

    Must be made within the scope of the strategy that the network was made in.

    Args:
        validation: rows that are not learned from but measured, if there are any.
        adversary: whom the model learns to fool, if anybody.
    """

    def __init__(
        self,
        network: Network,
        loss: Loss,
        batches: Batches,
        plan: FitPlan,
        validation: Validation | None = None,
        adversary: Adversary | None = None,
    ) -> None:
        self.model, self.batches, self.plan = network.trained, batches, plan
        self.epoch_steps = batches.steps_per_epoch
        self.total = plan.epochs * self.epoch_steps
        self.checkpoint_steps = plan.checkpoint_steps or math.ceil(self.epoch_steps / CHECKPOINTS_PER_EPOCH)
        self.groups = weight_groups(network, plan.optimizer, self.total, plan.speed.precision)
        self.groups += [adversary_group(adversary, self.total)] if adversary else []
        weights = [weight for group in self.groups for weight in group.weights]
        self.average = WeightAverage(weights, plan.optimizer)
        replicas = tf.distribute.get_strategy().num_replicas_in_sync // batches.workers
        parts = plan.optimizer.accumulate_steps * replicas
        self.layout = plan_layout(batches, self.model, plan.speed, plan.epochs, parts)
        self.step = Step(self.model, loss, self.groups, plan.optimizer, plan.seed, self._part(0), replicas, adversary)
        self.course = Course(self._variables(weights), self.epoch_steps)
        examiner = Examiner(validation, self.model, loss) if validation else None
        self.done = 0
        self.meter = Meter()
        self.exam = Exam(examiner, plan.stopping, self.course, self.average, weights, self.epoch_steps)

    def fit(self, checkpoints: Checkpoints | None = None, chief: bool = True, on_step: OnStep | None = None) -> float:
        """Train to the end, from the last checkpoint if there is one. Returns the mean loss of the last epoch.

        At the end the model has the weights to export: the best ones or an average, where the plan says so.

        Raises:
            TrainingError: the loss or a gradient is not a number.
            MachineError: memory or the disk is full, or the machine lacks the precision.
        """
        self._begin(checkpoints, chief)
        with precision(self.plan.speed.precision), Writer(checkpoints if chief else None) as writer:
            while not self.is_over:
                for part in self.meter.timed(self._rest_of_epoch()):
                    outcome = self._take(part)
                    measured = self.exam.after_step(self.done, self.done == self.total, writer, chief)
                    if self.done % self.checkpoint_steps == 0 or self.is_over:
                        writer.save(self.done, self.state, self.exam.best_step)
                    if on_step:
                        on_step(self._report(outcome, measured))
                    if self.is_over:
                        break
        self.exam.put_best(checkpoints)
        return self.course.mean_loss

    @property
    def is_over(self) -> bool:
        """Whether all steps are done, or no more are worth it."""
        return self.done == self.total or self.exam.is_over

    def summary(self) -> dict[str, float]:
        """Steps, speed and memory; and of the weights to export at which step they were, and how good they are."""
        measured = {f"val_{name}": value for name, value in self.exam.best.items() if name != "step"}
        return {
            "steps": self.done,
            "exported_step": self.exam.best.get("step", self.done),
            "samples_per_second": round(self.meter.samples_per_second, 1),
            "data_wait_share": round(self.meter.data_wait_share, 4),
            "clipped_share": round(self.meter.clipped_share, 4),
            "peak_memory_mb": round(peak_memory_mb(), 1),
            **measured,
        }

    def state(self) -> State:
        """Weights that learn, the optimizers' variables, averages and what was measured: all that goes on."""
        return self.course.state()

    def _begin(self, checkpoints: Checkpoints | None, chief: bool) -> None:
        if self.batches.batch_size > len(self.batches.examples):
            log.info("a batch of %d takes in all %d rows", self.batches.batch_size, len(self.batches.examples))
        checkpoint = checkpoints.last() if checkpoints else None
        if checkpoint:
            self.course.resume(checkpoint)
            self.done = checkpoint.step
        else:  # what was fast enough once goes on: a measurement on a busy machine must not end it
            part = self._part(0)
            check_precision(self.plan.speed.precision, lambda: self.step.trial(part))
        self.exam.begin(chief)
        self.meter = Meter()

    def _rest_of_epoch(self) -> Iterator[Slice]:
        """The parts of the batches that are left of an epoch; made ahead of time, but not beyond it."""
        renewal = self.batches.examples.renewal
        if renewal and self.done % self.epoch_steps == 0:
            renewal.renew(self.model)
        parts = map(self._part, range(self.done, (self.done // self.epoch_steps + 1) * self.epoch_steps))
        ahead = self.plan.speed.prefetch_batches
        return prefetched(parts, ahead) if ahead else parts

    def _part(self, step: int) -> Slice:
        part = self.batches.slice(step, self.layout.multiple, is_full=bool(self.layout.lengths))
        return self.layout.lengthened(part)

    def _take(self, part: Slice) -> Outcome:
        step = self.done
        try:
            outcome = self.step(part, step, by_xla=self.layout.compiled(part) is not None)
        except OUT_OF_MEMORY as error:
            parts = self.plan.optimizer.accumulate_steps
            fitting = fitting_rows(len(part.weights) // parts, lambda rows: self.step.trial(part.head(rows))())
            raise memory_error(self.batches.batch_size, fitting * self.batches.workers, parts, step + 1) from error
        self._check(outcome, part)
        self.course.add_loss(outcome.loss)
        self.meter.count(part.total, 0 < self.plan.optimizer.clip_norm < outcome.gradient_norm)
        self.average.after_step()
        self.done += 1
        if self.done % self.epoch_steps == 0:
            self.average.after_epoch((self.total - self.done) // self.epoch_steps)
        return outcome

    def _check(self, outcome: Outcome, part: Slice) -> None:
        if self.step.is_scaled and math.isfinite(outcome.loss):
            return  # gradients too large are a matter of the scale
        rate = self.plan.optimizer.learning_rate
        check_finite(outcome, f"{self.done + 1} of {self.total}", rate, self.batches.examples, part.rows)

    def _report(self, outcome: Outcome, measured: dict[str, float]) -> StepReport:
        done, meter = self.done, self.meter
        return StepReport(
            step=done,
            total=self.total,
            epoch=math.ceil(done / self.epoch_steps),
            epochs=self.plan.epochs,
            loss=outcome.loss,
            learning_rate=float(self.groups[0].schedule(done - 1)),
            samples_per_second=meter.samples_per_second,
            gradient_norm=outcome.gradient_norm,
            clipped_share=meter.clipped_share,
            data_wait_share=meter.data_wait_share,
            peak_memory_mb=peak_memory_mb(),
            validation=measured,
        )

    def _variables(self, weights: list[Any]) -> dict[str, Any]:
        named = {f"weight/{place}": variable for place, variable in enumerate(weights)}
        moved = [value for group in self.groups for value in group.optimizer.variables]
        named |= {f"optimizer/{place}": value for place, value in enumerate(moved)}
        averages = {f"average/{place}": value for place, value in enumerate(self.average.variables)}
        renewal = self.batches.examples.renewal
        renewed = {"renewed": renewal.variable} if renewal else {}
        return named | averages | {"averaged": self.average.count} | renewed
