"""Measuring while training goes on: when, what follows from it, and which weights were the best."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from tasks.fit.average import WeightAverage, values
from tasks.fit.checkpoints import Checkpoints, State, Writer
from tasks.fit.config import StoppingOptions
from tasks.fit.course import Course
from tasks.fit.stopping import Verdict, check_metric, judge
from tasks.fit.validation import Examiner

log = logging.getLogger(__name__)


class Exam:
    """Measures a model after each epoch, or every few steps, and says when to stop.

    The chief measures and decides, and tells the other workers, which wait for it.

    Args:
        examiner: measures; None where no rows are kept back.
        weights: those that learn; the best are restored when training ends.
    """

    def __init__(
        self,
        examiner: Examiner | None,
        options: StoppingOptions,
        course: Course,
        average: WeightAverage,
        weights: Sequence[Any],
        epoch_steps: int,
    ) -> None:
        self.examiner, self.options, self.course, self.average = examiner, options, course, average
        self.weights, self.every = tuple(weights), options.every_steps or epoch_steps
        self.is_over = False
        self._best: State = {}
        self._is_lost = False
        self._strategy = tf.distribute.get_strategy()
        self._sum = tf.function(self._sum_of_all, autograph=False)

    def begin(self, chief: bool) -> None:
        """Before the first step, or after a resumption.

        Raises:
            TrainingError: the metric to go by is not one that is measured.
        """
        self.is_over = self._verdict.is_over
        if chief and self.examiner and self.options.patience and self.options.metric != "loss":
            check_metric(self.options.metric, self.examiner.names())

    def after_step(self, done: int, is_last: bool, writer: Writer, chief: bool) -> dict[str, float]:
        """Measure if it is time to; what was measured."""
        if self.examiner is None or (done % self.every and not is_last):
            return {}
        measured = self._measure(self.examiner, done, writer) if chief else {}
        self.is_over = self._told(chief and self._verdict.is_over)
        return measured

    def put_best(self, checkpoints: Checkpoints | None) -> None:
        """Give the model the weights to export: the best where stopping goes by them, else averages or the last."""
        self.average.put()
        best = self._verdict.best
        if not self.options.patience or best < 0:
            return
        step = self.course.step_of(best)
        state = self._best or (checkpoints.best(step) if checkpoints else None)
        if state is None:
            log.warning("the best weights, of step %d, are not there any more; the last ones stay", step)
            self._is_lost = True
            return
        for place, weight in enumerate(self.weights):
            weight.assign(state[f"weight/{place}"])

    @property
    def best(self) -> dict[str, float]:
        """What was measured of the weights to export, and the step; empty where nothing was."""
        measured = self.course.measured
        if not measured:
            return {}
        return measured[self._verdict.best if self.options.patience and not self._is_lost else -1]

    @property
    def best_step(self) -> int:
        """Steps after which the weights were the best until now; -1 where stopping does not go by them."""
        best = self._verdict.best
        return self.course.step_of(best) if best >= 0 else -1

    @property
    def _verdict(self) -> Verdict:
        return judge(self.course.history(self.options.metric) if self.options.patience else [], self.options)

    def _measure(self, examiner: Examiner, done: int, writer: Writer) -> dict[str, float]:
        with self.average.swapped():
            measured = examiner.measure()
            self.course.add_measurement(done, measured)
            if self._verdict.best == len(self.course.measured) - 1:
                self._best = {f"weight/{place}": value for place, value in enumerate(values(self.weights))}
                writer.save_best(done, self._best)
        return measured

    def _told(self, is_over: bool) -> bool:
        """What the chief says; all workers ask at the same step."""
        if not self.options.patience or self._strategy.num_replicas_in_sync == 1:
            return is_over
        return bool(self._sum(tf.constant(float(is_over))) > 0)

    def _sum_of_all(self, value: Any) -> Any:
        def on_one(own: Any) -> Any:
            here = tf.identity(own)  # an argument lies on no device, and workers meet only from one
            return tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.SUM, here)

        return self._strategy.experimental_local_results(self._strategy.run(on_one, args=(value,)))[0]
