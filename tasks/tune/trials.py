"""The trials of a study: which one is next, which are running, how each ended. None is lost, none is done twice.

A trial carries what is needed to find it again after a kill: who runs it (`OWNER`), why it ended short (`REASON`,
`CUT`), and which dead trial it takes the place of (`RETRY_OF`). A trial that failed for a reason has ended; one that
failed without was killed, and is queued again with its values, at most `ATTEMPTS` times.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from tasks.tune.space import Point, draw
from tasks.tune.study import GRACE_SECONDS, StudyPlan, sampler_of

if TYPE_CHECKING:
    from optuna import Study, Trial
    from optuna.storages import RDBStorage
    from optuna.trial import FrozenTrial

OWNER, REASON, CUT, REFUSED, RETRY_OF, ATTEMPT, SAME_AS, OWN = (
    f"lepton.{name}" for name in ("owner", "reason", "cut", "refused", "retry_of", "attempt", "same_as", "own")
)
ATTEMPTS = 3
P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True)
class Draw:
    """A trial that is to run.

    Attributes:
        values: of the options, as texts that a recipe could have.
        known: what the same values came to before, where they did: such a trial need not run.
        epoch: the last one that a dead trial reported, which it goes on from; 0: it begins.
    """

    trial: Trial
    values: Mapping[str, str]
    known: FrozenTrial | None
    epoch: int = 0

    @property
    def number(self) -> int:
        """Its number in the study."""
        return self.trial.number


class Trials:
    """Asks a study for trials, and tells it how they ended."""

    def __init__(self, study: Study, storage: RDBStorage, plan: StudyPlan, owner: str) -> None:
        self.study, self.storage, self.plan, self.owner = study, storage, plan, owner

    def begin(self, own: Point) -> None:
        """Queue what a killed search of ours left running; a new study begins with the recipe's `own` point."""
        from optuna.trial import TrialState

        for trial in self._of(TrialState.RUNNING):
            if self._is_dead(trial):
                self.study.tell(trial.number, state=TrialState.FAIL, skip_if_finished=True)
        self.revive()
        if own and not self.all():
            self.study.enqueue_trial(dict(own), user_attrs={OWN: True})

    def revive(self) -> None:
        """Queue again what was killed anywhere, or cut off by the end of an earlier search's time."""
        from optuna.storages import fail_stale_trials
        from optuna.trial import TrialState

        _quietly(fail_stale_trials, self.study)
        trials = self.all()
        followed = {trial.user_attrs.get(RETRY_OF) for trial in trials}
        for trial in trials:
            killed = trial.state == TrialState.FAIL and REASON not in trial.user_attrs
            attempt = trial.user_attrs.get(ATTEMPT, 1) + killed
            if trial.number in followed or not (killed or trial.user_attrs.get(CUT)) or attempt > ATTEMPTS:
                continue
            if trial.params or "fixed_params" in trial.system_attrs:
                point = {**trial.system_attrs.get("fixed_params", {}), **trial.params}
                kept = {OWN: True} if OWN in trial.user_attrs else {}
                self.study.enqueue_trial(point, user_attrs={**kept, RETRY_OF: trial.number, ATTEMPT: attempt})

    def ask(self) -> Draw:
        """The next trial, with its values drawn; it is ours from now on."""
        self.study.sampler = sampler_of(self.plan.options, self._next_number())
        trial = _quietly(self.study.ask)
        trial.set_user_attr(OWNER, self.owner)
        self.beat([trial.number])
        if self._is_copy(trial):
            self.fail(trial, "another search had queued it already", refused=True)
            return self.ask()
        values = _quietly(draw, trial, self.plan.options.space)
        return Draw(trial, values, self._known(trial), self._replay(trial))

    def again(self, draw: Draw) -> Draw:
        """The same trial, with what its values have come to by now."""
        return replace(draw, known=self._known(draw.trial))

    def report(self, trial: Trial, value: float, epoch: int) -> bool:
        """Take a value in; whether the trial has fallen behind and is to be stopped, as the recipe's own never is."""
        trial.report(value, epoch)
        is_behind = bool(trial.should_prune())  # asked always: others are compared with what it writes down
        return is_behind and OWN not in trial.user_attrs

    def complete(self, trial: Trial, value: float) -> None:
        """It came to its end."""
        from optuna.trial import TrialState

        self.study.tell(trial, value, state=TrialState.COMPLETE)

    def prune(self, trial: Trial, *, cut: bool = False) -> None:
        """It was stopped: it fell behind, or (`cut`) time was up, and then another search may go on with it."""
        from optuna.trial import TrialState

        if cut:
            trial.set_user_attr(CUT, True)
        self.study.tell(trial, state=TrialState.PRUNED)

    def fail(self, trial: Trial, reason: str, *, refused: bool = False) -> None:
        """It can't be done; `refused`: no recipe may have its values, so that it counts as none."""
        from optuna.trial import TrialState

        trial.set_user_attr(REFUSED, refused)
        trial.set_user_attr(REASON, reason)
        self.study.tell(trial, state=TrialState.FAIL)

    def lose(self, trial: Trial) -> None:
        """Its process was killed; it is queued again."""
        from optuna.trial import TrialState

        self.study.tell(trial, state=TrialState.FAIL)
        self.revive()

    def same(self, draw: Draw, known: FrozenTrial) -> None:
        """It has the values of a trial that ended, and so its outcome: training is a function of its options."""
        from optuna.trial import TrialState

        draw.trial.set_user_attr(SAME_AS, known.number)
        if known.state == TrialState.COMPLETE:
            self.complete(draw.trial, known.value or 0.0)
        else:
            self.prune(draw.trial)

    def beat(self, numbers: Sequence[int]) -> None:
        """Say that these are alive, to searches in other homes, where the database is shared."""
        if self.plan.is_local:
            return
        study_id = self.storage.get_study_id_from_name(self.plan.name)
        for number in numbers:
            self.storage.record_heartbeat(self.storage.get_trial_id_from_study_id_trial_number(study_id, number))

    def all(self) -> list[FrozenTrial]:
        """Every trial, by number."""
        return self.study.get_trials(deepcopy=False)

    def counts(self) -> tuple[int, int]:
        """Trials that have ended and will not run again, and those that run now, ours and others'."""
        from optuna.trial import TrialState

        trials = self.all()
        return sum(map(has_ended, trials)), sum(trial.state == TrialState.RUNNING for trial in trials)

    def best(self) -> FrozenTrial | None:
        """The trial with the best value of those that came to their end, the first among equals."""
        from optuna.trial import TrialState

        found = sorted(self._of(TrialState.COMPLETE), key=lambda trial: trial.value or 0.0)
        if not found:
            return None
        value = found[-1 if self.plan.options.maximizes else 0].value
        return next(trial for trial in self._of(TrialState.COMPLETE) if trial.value == value)

    def own(self) -> FrozenTrial | None:
        """The trial with the options that the recipe had, the last one if it was killed and done again."""
        return next((trial for trial in reversed(self.all()) if OWN in trial.user_attrs), None)

    def _of(self, state: Any) -> list[FrozenTrial]:
        return self.study.get_trials(deepcopy=False, states=(state,))

    def _next_number(self) -> int:
        from optuna.trial import TrialState

        trials = self.all()
        return min((trial.number for trial in trials if trial.state == TrialState.WAITING), default=len(trials))

    def _is_dead(self, trial: FrozenTrial) -> bool:
        """Whether it ran here: the home is ours now, so nobody runs it. One just begun elsewhere has no owner yet."""
        if self.plan.is_local or trial.user_attrs.get(OWNER) == self.owner:
            return True
        if OWNER in trial.user_attrs or trial.datetime_start is None:
            return False
        return datetime.now(UTC) - trial.datetime_start.astimezone() > timedelta(seconds=GRACE_SECONDS)

    def _is_copy(self, trial: Trial) -> bool:
        """Whether two searches found the same dead trial at the same moment: the first to queue it again counts."""
        dead = trial.user_attrs.get(RETRY_OF)
        return dead is not None and any(other.user_attrs.get(RETRY_OF) == dead for other in self.all()[: trial.number])

    def _replay(self, trial: Trial) -> int:
        """Report what the dead trial did whose place it takes, so that it is pruned as if it had run in one go.

        Returns:
            The last epoch of these, or 0.
        """
        dead = trial.user_attrs.get(RETRY_OF)
        values = {} if dead is None else self.all()[dead].intermediate_values
        for epoch in sorted(values):
            self.report(trial, values[epoch], epoch)  # whether it is behind was decided then
        return max(values, default=0)

    def _known(self, trial: Trial) -> FrozenTrial | None:
        from optuna.trial import TrialState

        states = (TrialState.COMPLETE, TrialState.PRUNED)
        for other in self.study.get_trials(deepcopy=False, states=states):
            if other.params == trial.params and has_ended(other):
                return other
        return None


def has_ended(trial: FrozenTrial) -> bool:
    """Whether a trial came to an end that counts: not killed, not cut off by time, not refused."""
    from optuna.trial import TrialState

    if trial.state == TrialState.FAIL:
        is_told = REASON in trial.user_attrs and not trial.user_attrs.get(REFUSED)
        return is_told or (REASON not in trial.user_attrs and trial.user_attrs.get(ATTEMPT, 1) >= ATTEMPTS)
    return trial.state.is_finished() and not trial.user_attrs.get(CUT)


def _quietly(call: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Without warnings that a function may change some day, or that a queued value lies outside of its range."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return call(*args, **kwargs)
