"""One step of training, compiled: the loss, its gradients, and the move of the weights, on all workers alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from tasks.fit.adversary import Adversary
from tasks.fit.batches import Slice
from tasks.fit.config import OptimizerOptions
from tasks.fit.losses import Loss
from tasks.fit.optimizer import WeightGroup
from tasks.fit.shared_sum import shared_by_workers, sum_tensors
from tasks.model.dropout import dropout_seed

Tensors = tuple[Any, ...]


@dataclass(frozen=True)
class Outcome:
    """What a step found.

    Attributes:
        loss: mean over the global batch.
        gradient_norm: Euclidean length of all gradients together, before it is clipped.
    """

    loss: float
    gradient_norm: float


class Step:
    """Moves the weights of a model by one batch.

    Must be made within the scope of the strategy that the model was made in.

    Args:
        seed: of dropout.
        example: a part of a batch, whose types all others have; sizes may differ.
        replicas: devices of this process, which share its parts.
        adversary: whom the model learns to fool; the last of the groups has its weights.
    """

    def __init__(
        self,
        model: Any,
        loss: Loss,
        groups: Sequence[WeightGroup],
        options: OptimizerOptions,
        seed: int,
        example: Slice,
        replicas: int = 1,
        adversary: Adversary | None = None,
    ) -> None:
        self.adversary = adversary
        self.model, self.loss, self.groups, self.options, self.seed = model, loss, groups, options, seed
        self.weights = [weight for group in groups for weight in group.weights]
        self.strategy = tf.distribute.get_strategy()
        self.shared = shared_by_workers(self.strategy, self._sides(self.weights)) if replicas == 1 else None
        self.is_scaled = hasattr(groups[0].optimizer, "loss_scale")
        self.replicas = replicas
        signature = tf.nest.map_structure(_open, tensors_of(example, 0)) if replicas == 1 else None
        self._fast_gradients = tf.function(self._gradients, jit_compile=True, autograph=False)
        is_alone = self.strategy.num_replicas_in_sync == 1  # XLA on a CPU has no operation that meets other workers
        how = {"input_signature": signature, "reduce_retracing": replicas > 1, "autograph": False}
        self.plain = tf.function(self._on_all(self._gradients), **how)
        self.fast = (
            tf.function(self._on_all(self._gradients), jit_compile=True, **how)
            if is_alone
            else tf.function(self._on_all(self._fast_gradients), **how)
        )

    def __call__(self, part: Slice, step: int, by_xla: bool = False) -> Outcome:
        """Take step number `step`, counted from 0."""
        batch = tensors_of(part, step) if self.replicas == 1 else self._shared(part, step)
        loss, norm = (self.fast if by_xla else self.plain)(*batch)
        return Outcome(float(loss), float(norm))

    def trial(self, part: Slice) -> Callable[[], Any]:
        """What computes loss and gradients of a part at once, and moves nothing, in a graph of its own."""
        inputs, targets, weights, total, step = tensors_of(part, 0)
        gradients = tf.function(self._part)
        rows = tf.range(len(part.weights))
        return lambda: gradients((inputs, targets, weights, rows), total, tf.stack([step, step]))

    def _on_all(self, gradients: Callable[..., Any]) -> Callable[..., Any]:
        def on_all(*batch: Any) -> Any:
            outcome = self.strategy.run(self._on_one, args=(gradients, *batch))
            return [self.strategy.experimental_local_results(value)[0] for value in outcome]  # all have the same

        return on_all

    def _shared(self, part: Slice, step: int) -> Tensors:
        """A part of a batch, shared out among this process's devices."""

        def of_device(context: Any) -> Tensors:
            place = context.replica_id_in_sync_group % self.replicas
            return tensors_of(part.every(self.replicas, place), step)

        shared: Tensors = self.strategy.experimental_distribute_values_from_function(of_device)
        return shared

    def _on_one(
        self, gradients_of: Callable[..., Any], inputs: Any, targets: Any, weights: Any, total: Any, step: Any
    ) -> Tensors:
        context = tf.distribute.get_replica_context()
        rows = self._places(context, tf.shape(weights)[0])
        loss, gradients = gradients_of((inputs, targets, weights, rows), total, tf.stack([self.seed, step]))
        loss, *gradients = self._summed(context, [loss, *gradients])
        if self.is_scaled:
            gradients = [gradient / self._scale() for gradient in gradients]
        if self.adversary:
            gradients = self.adversary.opposed(gradients[: len(self.weights)], gradients[len(self.weights) :])
        norm = tf.linalg.global_norm(gradients)
        self._move(self._safe(gradients, norm))
        return loss, norm

    def _summed(self, context: Any, values: list[Any]) -> list[Any]:
        """Over all workers."""
        if self.shared:
            return sum_tensors(self.shared, values)
        return list(context.all_reduce(tf.distribute.ReduceOp.SUM, values))

    def _places(self, context: Any, rows: Any) -> Any:
        """The places in the global batch of this device's rows: each worker has every n-th, and so its devices."""
        number, every = context.replica_id_in_sync_group, context.num_replicas_in_sync
        worker, device = number // self.replicas, number % self.replicas
        return worker + device * (every // self.replicas) + every * tf.range(rows)

    def _gradients(self, batch: Any, total: Any, seed: Any) -> Any:
        """This worker's share of the loss, and of the gradients."""
        parts = self.options.accumulate_steps
        if parts == 1:
            return self._part(batch, total, seed)
        stacked = tf.nest.map_structure(lambda array: _stacked(array, parts), batch)

        def add(part: Any, loss: Any, sums: Any) -> Any:
            chosen = tf.nest.map_structure(lambda array: array[part], stacked)
            more, gradients = self._part(chosen, total, seed)
            return part + 1, loss + more, [one + other for one, other in zip(sums, gradients, strict=True)]

        zeros = self._sides([tf.zeros_like(weight) for weight in self.weights])
        start = (tf.constant(0), tf.constant(0.0, zeros[0].dtype), zeros)
        _, loss, sums = tf.while_loop(lambda part, *_: part < parts, add, start, parallel_iterations=1)
        return loss, sums

    def _part(self, batch: Any, total: Any, seed: Any) -> Any:
        """The loss and its gradients; after them those of the adversary's loss, if there is one."""
        inputs, targets, weights, rows = batch
        with tf.GradientTape(persistent=self.adversary is not None) as tape, dropout_seed(seed, rows):
            outputs = self.model(inputs, training=True)
            loss = self.loss(outputs, targets, weights, total)
            scaled = loss * self._scale() if self.is_scaled else loss
            sides = [scaled, self.adversary.loss(outputs, targets, weights, total)] if self.adversary else [scaled]
        zero = tf.UnconnectedGradients.ZERO
        gradients = [part for side in sides for part in tape.gradient(side, self.weights, unconnected_gradients=zero)]
        return loss, [tf.convert_to_tensor(gradient) for gradient in gradients]

    def _sides(self, weights: list[Any]) -> list[Any]:
        """One of each weight for each loss that gradients are of."""
        return weights * (2 if self.adversary else 1)

    def _safe(self, gradients: list[Any], norm: Any) -> list[Any]:
        """Clipped; and where one number of a scaled gradient is too large, all are, so that all optimisers wait."""
        if self.options.clip_norm:
            gradients, _ = tf.clip_by_global_norm(gradients, self.options.clip_norm, use_norm=norm)
        if not self.is_scaled:
            return gradients
        return [tf.where(tf.math.is_finite(norm), gradient, float("nan")) for gradient in gradients]

    def _move(self, gradients: list[Any]) -> None:
        pairs = iter(zip(gradients, self.weights, strict=True))
        for group in self.groups:
            own = [next(pairs) for _ in group.weights]
            group.optimizer.apply_gradients(own, skip_gradients_aggregation=True)

    def _scale(self) -> Any:
        return self.groups[0].optimizer.loss_scale


def tensors_of(part: Slice, step: int) -> Tensors:
    """A part of a batch as tensors, and the number of the step."""
    inputs = {name: tf.constant(part.inputs[name]) for name in sorted(part.inputs)}
    targets = tf.nest.map_structure(tf.constant, part.targets)
    return inputs, targets, tf.constant(part.weights), tf.constant(part.total, tf.float32), tf.constant(step, tf.int32)


def _open(tensor: Any) -> Any:
    """A specification open in rows and lengths, so that the step is traced once."""
    return tf.TensorSpec([None] * len(tensor.shape), tensor.dtype)


def _stacked(array: Any, parts: int) -> Any:
    """(b, ...) to (parts, b / parts, ...)."""
    return tf.reshape(array, tf.concat([[parts, -1], tf.shape(array)[1:]], 0))
