"""The training loop: the same on one process and on several under MultiWorkerMirroredStrategy."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from infra.errors import TrainingError
from tasks.fit.batches import Batches, Slice
from tasks.fit.checkpoints import Checkpoints, State
from tasks.fit.config import OptimizerOptions
from tasks.fit.losses import Loss
from tasks.fit.optimizer import RisingThenFalling, build_optimizer
from tasks.model.dropout import dropout_seed
from tasks.model.network import Network


@dataclass(frozen=True)
class FitPlan:
    """How long, and how weights move."""

    epochs: int
    optimizer: OptimizerOptions
    checkpoint_steps: int
    seed: int


@dataclass(frozen=True)
class StepReport:
    """What happened in a step.

    Attributes:
        step: steps done, this one included.
        loss: mean over the global batch.
        samples_per_second: rows a second since the start or the last resumption, all workers together.
    """

    step: int
    total: int
    epoch: int
    epochs: int
    loss: float
    learning_rate: float
    samples_per_second: float


_LOSSES = "losses"
OnStep = Callable[[StepReport], None]


class Trainer:
    """One model, its optimizer, and the compiled step.

    Must be made within the scope of the strategy that the network was made in.
    """

    def __init__(self, network: Network, loss: Loss, batches: Batches, plan: FitPlan) -> None:
        self.model, self.loss, self.batches, self.plan = network.trained, loss, batches, plan
        self.strategy = tf.distribute.get_strategy()
        self.total = plan.epochs * batches.steps_per_epoch
        optimizer = plan.optimizer
        self.schedule = self._schedule(optimizer.learning_rate)
        head = list(network.head)
        body = [weight for weight in self.model.trainable_variables if not any(weight is other for other in head)]
        self.variables, self.body = body + head, len(body)
        self.optimizers = [build_optimizer(body, self.schedule, optimizer.weight_decay)]
        if head:
            schedule = self._schedule(optimizer.head_learning_rate)
            self.optimizers.append(build_optimizer(head, schedule, optimizer.weight_decay))
        self.losses: list[float] = []
        self.run_step = tf.function(self._all_replicas, input_signature=self._signature())

    def fit(self, checkpoints: Checkpoints | None = None, chief: bool = True, on_step: OnStep | None = None) -> float:
        """Train to the end, from the last checkpoint if there is one. Returns the mean loss of the last epoch.

        Raises:
            TrainingError: the loss is not a number.
        """
        first, rows, began = self._resume(checkpoints), 0, time.perf_counter()
        for step in range(first, self.total):
            part = self.batches.slice(step)
            loss = float(self.run_step(*self._tensors(part, step)))
            self._check(step, loss)
            self.losses = [*self.losses[1 - self.batches.steps_per_epoch :], loss]
            rows += part.total
            done = step + 1
            if checkpoints and chief and (done % self.plan.checkpoint_steps == 0 or done == self.total):
                checkpoints.save(done, self.state())
            if on_step:
                on_step(self._report(done, loss, rows / (time.perf_counter() - began)))
        return sum(self.losses) / len(self.losses)

    def state(self) -> State:
        """Weights that learn, the optimizer's variables and the last losses, all that goes on after a resumption."""
        return {_LOSSES: np.array(self.losses), **{name: value.numpy() for name, value in self._named().items()}}

    def _named(self) -> dict[str, Any]:
        weights = {f"weight/{place}": variable for place, variable in enumerate(self.variables)}
        values = [value for optimizer in self.optimizers for value in optimizer.variables]
        return weights | {f"optimizer/{place}": value for place, value in enumerate(values)}

    def _schedule(self, peak: float) -> RisingThenFalling:
        return RisingThenFalling(peak, int(self.plan.optimizer.warmup_share * self.total), self.total)

    def _resume(self, checkpoints: Checkpoints | None) -> int:
        checkpoint = checkpoints.last() if checkpoints else None
        if checkpoint is None:
            return 0
        for name, variable in self._named().items():
            variable.assign(checkpoint.state[name])
        self.losses = checkpoint.state[_LOSSES].tolist()
        return checkpoint.step

    def _report(self, done: int, loss: float, samples_per_second: float) -> StepReport:
        return StepReport(
            step=done,
            total=self.total,
            epoch=math.ceil(done / self.batches.steps_per_epoch),
            epochs=self.plan.epochs,
            loss=loss,
            learning_rate=float(self.schedule(done - 1)),
            samples_per_second=samples_per_second,
        )

    def _check(self, step: int, loss: float) -> None:
        if not math.isfinite(loss):
            raise TrainingError(
                "train.optimizer.learning_rate",
                found=f"{self.plan.optimizer.learning_rate}, and a loss of {loss} at step {step + 1} of {self.total}",
                allowed="a loss that is a number",
                action="Lower the rate, for example by --set, or look for absurd numbers.",
            )

    def _tensors(self, part: Slice, step: int) -> tuple[Any, ...]:
        inputs = {name: tf.constant(part.inputs[name]) for name in sorted(part.inputs)}
        total = tf.constant(part.total, tf.float32)
        targets = tf.nest.map_structure(tf.constant, part.targets)
        return inputs, targets, tf.constant(part.weights), total, tf.constant(step, tf.int32)

    def _signature(self) -> tuple[Any, ...]:
        """Open in rows and lengths, so that the step is compiled once."""
        example = self._tensors(self.batches.slice(0), 0)
        return tuple(
            tf.nest.map_structure(lambda tensor: tf.TensorSpec([None] * len(tensor.shape), tensor.dtype), example)
        )

    def _all_replicas(self, inputs: Any, targets: Any, weights: Any, total: Any, step: Any) -> Any:
        return self.strategy.run(self._one_replica, args=(inputs, targets, weights, total, step))

    def _one_replica(self, inputs: Any, targets: Any, weights: Any, total: Any, step: Any) -> Any:
        context = tf.distribute.get_replica_context()
        seed = tf.stack([self.plan.seed + 1_000_003 * context.replica_id_in_sync_group, step])
        with tf.GradientTape() as tape, dropout_seed(seed):
            loss = self.loss(self.model(inputs, training=True), targets, weights, total)
        gradients = [tf.convert_to_tensor(gradient) for gradient in tape.gradient(loss, self.variables)]
        loss, *gradients = context.all_reduce(tf.distribute.ReduceOp.SUM, [loss, *gradients])
        gradients, _ = tf.clip_by_global_norm(gradients, self.plan.optimizer.clip_norm)
        pairs = list(zip(gradients, self.variables, strict=True))
        for optimizer, chosen in zip(self.optimizers, (slice(self.body), slice(self.body, None)), strict=False):
            optimizer.apply_gradients(pairs[chosen], skip_gradients_aggregation=True)
        return loss
