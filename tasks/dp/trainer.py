"""The loop of a private training (DP-SGD, Abadi et al. 2016): on one process, resumable, accounted as it ran."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import tensorflow as tf

from infra.errors import RecipeError
from tasks.dp.accounting.mechanisms import PrivateTraining
from tasks.dp.accounting.spent import Spent, epsilon
from tasks.dp.clipping import clip_groups, first_norms, followed, noise_scales
from tasks.dp.config import PrivacyOptions
from tasks.dp.gradients.checks import check_gradients
from tasks.dp.noise import standard_noise
from tasks.dp.plan import PrivatePlan
from tasks.dp.randomness import Randomness
from tasks.dp.record import BEGAN, PrivacyRecord, record_of
from tasks.dp.sampling import parts, poisson_sample
from tasks.dp.step import PrivateOutcome, PrivateStep
from tasks.fit.average import WeightAverage
from tasks.fit.batches import Examples
from tasks.fit.checkpoints import Checkpoints, Writer
from tasks.fit.course import Course
from tasks.fit.exam import Exam
from tasks.fit.loop import CHECKPOINTS_PER_EPOCH, FitPlan, OnStep
from tasks.fit.losses import Loss
from tasks.fit.memory import OUT_OF_MEMORY, fitting_rows, memory_error
from tasks.fit.optimizer import weight_groups
from tasks.fit.report import Meter, StepReport, peak_memory_mb
from tasks.fit.validation import Examiner, Validation
from tasks.model.network import Network

_ACCOUNTED = "accounted"
CHECKED_ROWS = 4
"""With which a model and its loss are tried before the first step."""


class PrivateTrainer:
    """One model, its optimizers, and the compiled private step.

    Args:
        plan: how long, and how weights move; `optimizer.clip_norm` has no part in it, for each row is clipped.
        private: what is to run.
        validation: rows that are not learned from but measured, if there are any.

    Raises:
        RecipeError: a layer mixes the rows of a batch.
    """

    def __init__(
        self,
        network: Network,
        loss: Loss,
        examples: Examples,
        plan: FitPlan,
        private: PrivatePlan,
        options: PrivacyOptions,
        validation: Validation | None = None,
    ) -> None:
        self.model, self.examples, self.plan = network.trained, examples, plan
        self.private, self.options = private, options
        self.total, self.rate = private.mechanism.steps, private.mechanism.sampling_rate
        self.epoch_steps = max(1, round(1 / self.rate))
        self.epoch_ends = {round(epoch / self.rate): epoch for epoch in range(1, plan.epochs + 1)}
        self.checkpoint_steps = plan.checkpoint_steps or math.ceil(self.epoch_steps / CHECKPOINTS_PER_EPOCH)
        self.groups = weight_groups(network, plan.optimizer, self.total)
        weights = [weight for group in self.groups for weight in group.weights]
        self.average = WeightAverage(weights, plan.optimizer)
        clipped = clip_groups(weights, options.clipping)
        self.clip = tf.Variable(first_norms(options.clip, len(clipped)), trainable=False, name="clip")
        self.unclear = tf.Variable(0, trainable=False, dtype=tf.int64, name="unclear")
        example = next(parts(examples, np.arange(1), 1))
        self.step = PrivateStep(self.model, loss, self.groups, clipped, private.batch_size, example)
        self.most = math.ceil(private.batch_size / plan.optimizer.accumulate_steps)
        self.random = Randomness(plan.seed if options.seeded_noise else None)
        self.course = Course(self._variables(weights), self.epoch_steps)
        examiner = Examiner(validation, self.model, loss) if validation else None
        self.exam = Exam(examiner, plan.stopping, self.course, self.average, weights, self.epoch_steps)
        self.done = 0
        self.meter = Meter()

    def fit(self, checkpoints: Checkpoints | None = None, chief: bool = True, on_step: OnStep | None = None) -> float:
        """Train to the end, from the last checkpoint if there is one. Returns the mean loss of the last epoch.

        Raises:
            RecipeError: checkpoints are there of steps that were not taken as these are to be; or rows have a say in
                each other's gradients.
            MachineError: memory or the disk is full.
        """
        self._begin(checkpoints)
        if checkpoints:
            checkpoints.folder.mkdir(parents=True, exist_ok=True)
            (checkpoints.folder / BEGAN).touch()
        with Writer(checkpoints if chief else None) as writer:
            while self.done < self.total:
                outcome = self._take()
                is_last = self.done == self.total
                measured = self.exam.after_step(self.done, is_last, writer, chief)
                if self.done % self.checkpoint_steps == 0 or is_last:
                    writer.save(self.done, self.course.state)
                if on_step:
                    on_step(self._report(outcome, measured))
        self.average.put()
        return self.course.mean_loss

    @property
    def ran(self) -> PrivateTraining:
        """The mechanism up to here: the steps that are done."""
        return replace(self.private.mechanism, steps=self.done)

    def spent(self, coarseness: float = 1.0) -> Spent:
        """What they have spent, and preprocessing before them."""
        return epsilon((*self.private.preprocessing, self.ran), self.private.delta, coarseness)

    def record(self, dataset_digest: str) -> PrivacyRecord:
        """What the package tells of it."""
        return record_of(self.options, self.private, self.ran, self.clip.numpy().tolist(), dataset_digest)

    def summary(self) -> dict[str, float]:
        """Steps, speed, memory and privacy; and how good the weights to export are."""
        measured = {f"val_{name}": value for name, value in self.exam.best.items() if name != "step"}
        return {
            "steps": self.done,
            "samples_per_second": round(self.meter.samples_per_second, 1),
            "data_wait_share": round(self.meter.data_wait_share, 4),
            "peak_memory_mb": round(peak_memory_mb(), 1),
            "epsilon": self.spent().pld,
            "delta": self.private.delta,
            "noise_multiplier": self.private.mechanism.noise_multiplier,
            "unclear_rows": int(self.unclear.numpy()),
            **measured,
        }

    def _begin(self, checkpoints: Checkpoints | None) -> None:
        checkpoint = checkpoints.last() if checkpoints else None
        if checkpoints and (
            checkpoints.are_anothers()
            or (checkpoint and checkpoint.state[_ACCOUNTED].tolist() != self._accounted().tolist())
        ):
            raise RecipeError(
                "train.privacy",
                found=f"checkpoints in {checkpoints.folder} of a training with other options or on other rows",
                allowed="those of this very training, whose steps can be accounted for as one",
                action="Go on with the options it began with, or train in another folder. What it spent is spent.",
            )
        if checkpoint:
            self.course.resume(checkpoint)
            self.done = checkpoint.step
        else:
            self._check_rows()
        self.meter = Meter()

    def _check_rows(self) -> None:
        """Try a few rows, with numbers in place of what is none; nothing of them is kept."""
        part = next(parts(self.examples, np.arange(min(CHECKED_ROWS, len(self.examples))), CHECKED_ROWS))
        tame = partial(np.nan_to_num, posinf=1.0, neginf=-1.0)
        check_gradients(self.step.gradients, *tf.nest.map_structure(tame, (part.inputs, part.targets)))

    def _take(self) -> PrivateOutcome:
        random, step, norms = self.random, self.done, self.clip.numpy()
        rows = poisson_sample(len(self.examples), self.rate, random.of(step, "rows"))
        noise = standard_noise(sum(self.step.sizes), random.of(step, "noise"))
        scales = noise_scales(norms, self.private.mechanism.noise_multiplier)
        seed = random.of(step, "dropout").integers(-(2**31), 2**31, 2, np.int32)
        try:
            outcome = self.step(self.meter.timed(parts(self.examples, rows, self.most)), norms, scales, noise, seed)
        except OUT_OF_MEMORY as error:
            fitting, split = fitting_rows(self.most, self._try), self.plan.optimizer.accumulate_steps
            raise memory_error(math.ceil(self.private.batch_size), fitting, split, step + 1) from error
        self._learn_of(outcome, norms)
        self.done += 1
        self.average.after_step()
        if self.done in self.epoch_ends:
            self.average.after_epoch(self.plan.epochs - self.epoch_ends[self.done])
        return outcome

    def _learn_of(self, outcome: PrivateOutcome, norms: Any) -> None:
        if outcome.rows > outcome.unclear:
            self.course.add_loss(outcome.loss / (outcome.rows - outcome.unclear))
        elif not self.course.losses:
            self.course.add_loss(0.0)  # nothing was there to have a loss
        self.meter.count(outcome.rows, is_clipped=False)
        self.unclear.assign_add(outcome.unclear)
        if self.options.adaptive.quantile:
            noise, random = self.private.mechanism.count_noise, self.random.of(self.done, "count")
            counted = (outcome.unclipped, outcome.rows, self.private.batch_size)
            self.clip.assign(followed(norms, *counted, self.options.adaptive, noise, random))

    def _try(self, rows: int) -> None:
        """Compute so many rows, and move nothing."""
        part = next(parts(self.examples, np.arange(rows), rows))
        self.step.clipped(part, self.clip.numpy(), np.zeros(2, np.int32))

    def _report(self, outcome: PrivateOutcome, measured: dict[str, float]) -> StepReport:
        done, meter = self.done, self.meter
        told: dict[str, float] = {}
        if done in self.epoch_ends:
            told["epsilon"] = self.spent(coarseness=1.0 if done == self.total else 10.0).pld
        if self.options.adaptive.quantile:
            told["clip"] = float(np.linalg.norm(self.clip.numpy()))
        return StepReport(
            step=done,
            total=self.total,
            epoch=min(self.plan.epochs, math.ceil(done * self.rate)),
            epochs=self.plan.epochs,
            loss=self.course.losses[-1],
            learning_rate=float(self.groups[0].schedule(done - 1)),
            samples_per_second=meter.samples_per_second,
            gradient_norm=outcome.gradient_norm,
            clipped_share=outcome.clipped_share,
            data_wait_share=meter.data_wait_share,
            peak_memory_mb=peak_memory_mb(),
            validation=measured,
            privacy=told,
        )

    def _variables(self, weights: list[Any]) -> dict[str, Any]:
        """All that goes on after a resumption. No generator has a state."""
        named = {f"weight/{place}": variable for place, variable in enumerate(weights)}
        moved = [value for group in self.groups for value in group.optimizer.variables]
        named |= {f"optimizer/{place}": value for place, value in enumerate(moved)}
        named |= {f"average/{place}": value for place, value in enumerate(self.average.variables)}
        accounted = tf.Variable(self._accounted(), trainable=False, name=_ACCOUNTED)
        own = {"averaged": self.average.count, "clip": self.clip, "unclear": self.unclear, _ACCOUNTED: accounted}
        return named | own

    def _accounted(self) -> Any:
        """What the accountant is told, (5,): a checkpoint of other steps is none of this training."""
        ran = self.private.mechanism
        return np.array([ran.sampling_rate, ran.steps, ran.noise_multiplier, ran.count_noise, ran.group_size])
