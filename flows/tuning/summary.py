"""What a search ends with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

from flows.summary import Frozen
from tasks.tune.space import texts
from tasks.tune.trials import CUT, REASON, REFUSED, SAME_AS, Trials

if TYPE_CHECKING:
    from optuna.trial import FrozenTrial

State = Literal["complete", "pruned", "failed", "refused", "cut", "killed", "running", "waiting"]


class TrialSummary(Frozen):
    """One trial.

    Attributes:
        state: `pruned`: stopped for falling behind; `cut`: stopped because time was up; `killed`: its process was;
            `refused`: the recipe may not have its values.
        value: of the metric, at its end or as far as it came.
        note: why it failed, or of which other trial it has the values.
    """

    number: int
    state: State
    value: float | None
    epochs: int
    options: dict[str, str]
    note: str = ""


class TuneSummary(Frozen):
    """The search as a whole; `lepton tune --json` prints just this.

    Attributes:
        finished: whether all trials have ended; else the same command goes on.
        best: the trial with the best value.
        own: the trial with the recipe's own options; None: they lie outside of the space.
        files: the best recipe and the pictures.
    """

    recipe: str
    study: str
    metric: str
    direction: Literal["maximize", "minimize"]
    finished: bool
    seconds: float
    best: TrialSummary
    own: TrialSummary | None = None
    trials: list[TrialSummary]
    run_id: str
    files: dict[str, str]
    links: dict[str, str]

    def rows(self) -> list[dict[str, str]]:
        """The trials as a table: a column for what became of each, and one for each option."""
        return [
            {
                "trial": str(one.number),
                "state": one.state,
                self.metric: "-" if one.value is None else f"{one.value:.5g}",
                "epochs": str(one.epochs),
                **{option.removeprefix("train."): text for option, text in one.options.items()},
                "note": one.note,
            }
            for one in self.trials
        ]


def summarize(
    recipe: str,
    trials: Trials,
    *,
    run_id: str,
    files: Mapping[str, str],
    links: Mapping[str, str],
    finished: bool,
    seconds: float,
) -> TuneSummary:
    """The search on a study that has a best trial."""
    told = [_trial(trial) for trial in trials.all()]
    best, own = trials.best(), trials.own()
    assert best is not None
    plan = trials.plan
    return TuneSummary(
        recipe=recipe,
        study=plan.name,
        metric=plan.options.metric,
        direction="maximize" if plan.options.maximizes else "minimize",
        finished=finished,
        seconds=round(seconds, 1),
        best=told[best.number],
        own=told[own.number] if own else None,
        trials=told,
        run_id=run_id,
        files=dict(files),
        links=dict(links),
    )


def _trial(trial: FrozenTrial) -> TrialSummary:
    told = trial.user_attrs
    note = str(told.get(REASON, "")) or (f"as trial {told[SAME_AS]}" if SAME_AS in told else "")
    last = trial.intermediate_values.get(trial.last_step) if trial.last_step is not None else None
    value = trial.value if trial.value is not None else last
    return TrialSummary(
        number=trial.number,
        state=_state(trial),
        value=value,
        epochs=len(trial.intermediate_values),
        options=texts(trial.params),
        note=note,
    )


def _state(trial: FrozenTrial) -> State:
    told = trial.user_attrs
    if trial.state.name == "FAIL":
        return "killed" if REASON not in told else "refused" if told.get(REFUSED) else "failed"
    if trial.state.name == "PRUNED":
        return "cut" if told.get(CUT) else "pruned"
    states: dict[str, State] = {"COMPLETE": "complete", "RUNNING": "running", "WAITING": "waiting"}
    return states[trial.state.name]
