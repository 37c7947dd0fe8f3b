"""Asynchronous training: workers take whole batches and do not wait for each other (Dean et al. 2012; Li et al. 2014).

A chief hands out the steps, in order, to whichever worker is free; a worker reads the weights from the parameter
server, computes the gradients of its batch and sends them back, and the server's optimiser moves the weights at once.

What holds: every step of every epoch is taken, on the same rows as in synchronous training; whenever a checkpoint is
written, or rows that are not learned from are measured, all steps up to there are done and none beyond.

What does not hold, and does in synchronous training:
- The order of updates. Steps end in any order, and gradients may be of weights some steps old, as many as there are
  workers less one on average. Two runs with the same seed give different weights.
- One update a step. A step whose worker was lost is taken again by another; if the lost one had sent a part of its
  gradients, those count twice.
- The rate by step. It goes by the updates that have reached the server.
"""

from __future__ import annotations

from collections import deque
from typing import Any

import tensorflow as tf

from tasks.fit.batches import Batches, Slice
from tasks.fit.loop import FitPlan, Trainer
from tasks.fit.losses import Loss
from tasks.fit.step import Outcome, tensors_of
from tasks.fit.validation import Validation
from tasks.model.network import Network

STEPS_AHEAD = 2
"""Steps that are handed out to a worker before it is done with the last one: it need not wait for the next."""
_LOST = (tf.errors.UnavailableError, tf.errors.AbortedError, tf.errors.CancelledError, tf.errors.InvalidArgumentError)


class ParameterServerTrainer(Trainer):
    """A trainer whose steps are taken by workers elsewhere.

    Must be made within the scope of a `ParameterServerStrategy`.

    Args:
        workers: how many there are.
    """

    def __init__(
        self,
        network: Network,
        loss: Loss,
        batches: Batches,
        plan: FitPlan,
        validation: Validation | None = None,
        *,
        workers: int,
    ) -> None:
        super().__init__(network, loss, batches, plan, validation)
        self._coordinator = tf.distribute.coordinator.ClusterCoordinator(tf.distribute.get_strategy())
        self._ahead = STEPS_AHEAD * workers
        self._on_its_way: deque[tuple[Any, Slice]] = deque()
        self._last: Outcome | None = None

    def _take(self, part: Slice) -> Outcome:
        """Hand out a step; returns what the last one found that is known of."""
        values = self._coordinator.schedule(self.step.plain, args=tensors_of(part, self.done))
        self._on_its_way.append((values, part))
        self.done += 1
        if self._must_be_whole():
            self._coordinator.join()
            self._collect(0)
        else:
            self._collect(self._ahead)
        if self.done % self.epoch_steps == 0:
            self.average.after_epoch((self.total - self.done) // self.epoch_steps)
        return self._last or self._collect(0)

    def _must_be_whole(self) -> bool:
        """Whether no step may be on its way now, because the weights are saved or measured next."""
        every = (self.epoch_steps, self.checkpoint_steps, self.exam.every)
        return self.done == self.total or any(self.done % steps == 0 for steps in every)

    def _collect(self, at_most: int) -> Outcome:
        """Wait until no more than so many steps are on their way."""
        while len(self._on_its_way) > at_most:
            values, part = self._on_its_way.popleft()
            self._count(values, part)
        return self._last or Outcome(0.0, 0.0)

    def _count(self, values: Any, part: Slice) -> None:
        try:
            loss, norm = (float(value) for value in values.fetch())
        except _LOST:
            return  # the step was taken, but its worker was lost before it could tell
        self._last = Outcome(loss, norm)
        self._check(self._last, part)
        self.course.add_loss(loss)
        self.meter.count(part.total, 0 < self.plan.optimizer.clip_norm < norm)
