"""The search itself: keeps so many trials running, stops those that fall behind, and all when time is up."""

from __future__ import annotations

import math
import queue
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack

from infra.errors import LeptonError, MachineError, RecipeError, TrainingError, from_dict
from infra.processes import Event
from infra.progress import Progress, report
from tasks.tune.running import Limits, Process, Running, Start, Watcher
from tasks.tune.study import BEAT_SECONDS, EPOCHS
from tasks.tune.trials import Draw, Trials

REFUSALS = 30
"""Draws in a row that the recipe refuses, after which there is taken to be no valid one."""
FAILURES = 5
"""Trials in a row that can't be trained, after which no other is tried."""
_OTHERS_SECONDS = 2.0
_SECONDS_BETWEEN_WORDS = 1.0


class Search:
    """One search on a study."""

    def __init__(self, trials: Trials, start: Start, watchers: Sequence[Watcher], limits: Limits) -> None:
        self.trials, self.start, self.watchers, self.limits = trials, start, watchers, limits
        self.metric = trials.plan.options.metric
        self.running: dict[int, Running] = {}
        self._parked: list[Draw] = []
        self._events: queue.Queue[tuple[int, Event | None]] = queue.Queue()
        self._refusals = self._failures = 0
        self._beaten_at = self._told_at = 0.0

    def run(self) -> bool:
        """Search until all trials have ended, or time is up; whether all have.

        Raises:
            RecipeError: there is no valid point, or training measures no such metric.
            LeptonError: what no other point of the space would mend.
        """
        deadline = time.monotonic() + self.limits.seconds
        with ExitStack() as stack:
            stack.callback(self._stop_all)
            while time.monotonic() < deadline:
                is_waiting = self._fill(deadline)
                if not self.running and not is_waiting:
                    break
                self._take(self._next(deadline))
                self._beat()
                self._tell()
            for one in list(self.running.values()):
                self._release(one)
                self.trials.prune(one.draw.trial, cut=True)
                self._ended(one.draw.number)
            for draw in self._parked:
                self.trials.prune(draw.trial, cut=True)
        return self.trials.counts()[0] >= self.limits.trials

    def _fill(self, deadline: float) -> bool:
        """Start trials in the free slots; whether the last ones run elsewhere, and may have to be done here yet."""
        while len(self.running) < self.limits.parallel and time.monotonic() < deadline:
            free = next((draw for draw in self._parked if not self._has_twin(draw)), None)
            if free is not None:
                self._parked.remove(free)
                self._begin(self.trials.again(free))
                continue
            ended, running = self.trials.counts()
            if ended + running >= self.limits.trials:
                return ended < self.limits.trials
            self._begin(self.trials.ask())
        return False

    def _begin(self, draw: Draw) -> None:
        if draw.known is not None:
            self._refusals = 0
            self._started(draw)
            self.trials.same(draw, draw.known)
            self._ended(draw.number)
            return
        if self._has_twin(draw):
            self._parked.append(draw)
            return
        slot = min(set(range(self.limits.parallel)) - {one.slot for one in self.running.values()})
        try:
            process = self.start(draw, slot)
        except RecipeError as refusal:
            self._refuse(draw, refusal)
            return
        self._refusals = 0
        epochs = int(draw.values.get(EPOCHS, self.trials.plan.epochs))
        self.running[draw.number] = Running(draw, slot, process, epochs)
        threading.Thread(target=self._listen, args=(draw.number, process), daemon=True).start()
        self._started(draw)  # while it loads

    def _has_twin(self, draw: Draw) -> bool:
        """Whether the same values are being trained: two at once would share a folder, so their outcome is awaited."""
        return any(one.draw.values == draw.values for one in self.running.values())

    def _listen(self, number: int, process: Process) -> None:
        try:
            for event in process.read():
                self._events.put((number, event))
        except ValueError:
            pass  # a line cut off, or the pipe closed, because it was stopped
        finally:
            self._events.put((number, None))

    def _next(self, deadline: float) -> tuple[int, Event | None] | None:
        wait = min(_OTHERS_SECONDS, deadline - time.monotonic())
        try:
            return self._events.get(timeout=max(0.0, wait))
        except queue.Empty:
            return None

    def _take(self, arrived: tuple[int, Event | None] | None) -> None:
        if arrived is None or arrived[0] not in self.running:
            return
        one, event = self.running[arrived[0]], arrived[1]
        if event is None:
            self._lost(one)
        elif "error" in event:
            self._failed(one, from_dict(event))
        elif "result" in event:
            self._done(one, event["result"])
        elif "metrics" in event:
            self._measured(one, event["metrics"])
        elif "progress" in event:
            one.steps = event["progress"]["total"]
            one.share_done = event["progress"]["done"] / max(1, one.steps)

    def _measured(self, one: Running, metrics: Mapping[str, float]) -> None:
        """Metrics of rows that are not learned from; those of a step seen already come from a restart."""
        step = int(metrics.get("step", 0))
        if not any(name.startswith("val_") for name in metrics) or step <= one.step:
            return
        one.step = step
        for watcher in self.watchers:
            watcher.measured(one.draw.number, metrics)
        if self.metric not in metrics:
            raise self._no_metric(metrics)
        epoch = step * one.epochs // one.steps if one.steps else one.epoch + 1
        is_behind = epoch > max(one.epoch, one.draw.epoch) and self.trials.report(
            one.draw.trial, metrics[self.metric], epoch
        )
        if is_behind and epoch < one.epochs:  # else its result is on its way
            self._release(one)
            self._failures = 0
            self.trials.prune(one.draw.trial)
            self._ended(one.draw.number)
        one.epoch = max(epoch, one.epoch)

    def _done(self, one: Running, result: Mapping[str, float]) -> None:
        """The result tells how good the weights are that would be exported: the last, the best or an average."""
        if self.metric not in result:
            raise self._no_metric(result)
        value = result[self.metric]
        if not math.isfinite(value):
            action = "Lower the range of train.optimizer.learning_rate."
            self._failed(one, TrainingError(self.metric, found=str(value), allowed="a finite number", action=action))
            return
        self._release(one)
        self._failures = 0
        self.trials.complete(one.draw.trial, value)
        self._ended(one.draw.number)

    def _failed(self, one: Running, error: LeptonError) -> None:
        """A point may be bad, refused, or too much for this machine; anything else would fail at every point."""
        self._release(one)
        is_too_much = isinstance(error, MachineError) and error.subject.startswith("train.")  # as an option's value
        if not (isinstance(error, TrainingError | RecipeError) or is_too_much):
            raise error
        self.trials.fail(one.draw.trial, str(error))
        self._ended(one.draw.number)
        self._failures += 1
        if self._failures >= FAILURES:
            raise error

    def _lost(self, one: Running) -> None:
        """Its process ended without a word: killed, mostly for want of memory. It is queued again."""
        words = one.process.last_lines()
        self._release(one)
        self.trials.lose(one.draw.trial)
        self._ended(one.draw.number)
        self._failures += 1
        if self._failures >= FAILURES:
            raise TrainingError(
                f"trial {one.draw.number}",
                found=f"{self._failures} trials in a row whose process was killed; its log ends: {words}",
                allowed="trials that fit the machine",
                action="Mostly memory ran out: lower --parallel, or train.batch_size.",
            )

    def _refuse(self, draw: Draw, refusal: RecipeError) -> None:
        self.trials.fail(draw.trial, str(refusal), refused=True)
        self._refusals += 1
        if self._refusals >= REFUSALS:
            raise RecipeError(
                "tune.space",
                found=f"{REFUSALS} points in a row that the recipe refuses, the last one because {refusal}",
                allowed="a space with valid points",
                action="Change the ranges, or the options beside them.",
            )

    def _no_metric(self, metrics: Mapping[str, float]) -> RecipeError:
        found = sorted(name for name in metrics if name.startswith("val_"))
        return RecipeError(
            "tune.metric",
            found=f"{self.metric}, which training does not measure",
            allowed=", ".join(found) or "what training measures on rows that it does not learn from: none were",
            action="Name one of them.",
        )

    def _release(self, one: Running) -> None:
        one.process.stop()
        del self.running[one.draw.number]

    def _stop_all(self) -> None:
        for one in list(self.running.values()):
            self._release(one)

    def _started(self, draw: Draw) -> None:
        for watcher in self.watchers:
            watcher.started(draw)

    def _ended(self, number: int) -> None:
        for watcher in self.watchers:
            watcher.ended(number)

    def _beat(self) -> None:
        if time.monotonic() - self._beaten_at >= BEAT_SECONDS:
            self._beaten_at = time.monotonic()
            self.trials.beat([*self.running, *(draw.number for draw in self._parked)])
            self.trials.revive()

    def _tell(self) -> None:
        if time.monotonic() - self._told_at < _SECONDS_BETWEEN_WORDS:
            return
        self._told_at = time.monotonic()
        done = self.trials.counts()[0] + sum(one.share_done for one in self.running.values())
        best = self.trials.best()
        words = f"best {self.metric} {best.value:.4f} in trial {best.number}, " if best else ""
        report(Progress("tune", done, self.limits.trials, f"{words}{len(self.running)} running"))
