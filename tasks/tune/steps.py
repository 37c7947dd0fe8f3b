"""A search in MLflow: a run for the study, and below it one for each trial."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Self

from infra.stores.tracking import artifact_location
from tasks.data.references import DatasetRef
from tasks.tune.trials import CUT, REASON, RETRY_OF, SAME_AS, Draw, Trials

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from optuna.trial import FrozenTrial

RUN = "lepton.mlflow_run"
_STATES = {"COMPLETE": "FINISHED", "PRUNED": "KILLED", "FAIL": "FAILED"}
"""States of MLflow's runs by those of Optuna's trials: a pruned one was stopped, and nothing is wrong with it."""


class MlflowRecord:
    """Writes a study down while it is searched; one that was killed is taken up again."""

    def __init__(self, name: str, trials: Trials, dataset: DatasetRef) -> None:
        import mlflow

        self.client: MlflowClient = mlflow.MlflowClient()
        self.trials, self.name = trials, name
        self.run_id, self.experiment_id = self._study_run(dataset)
        self._settle()

    def started(self, draw: Draw) -> None:
        """Begin a trial's run."""
        from mlflow.entities import Param

        tags = {
            "mlflow.parentRunId": self.run_id,
            "lepton.study": self.trials.plan.name,
            "lepton.trial": str(draw.number),
        }
        run = self.client.create_run(self.experiment_id, run_name=f"{self.name} trial {draw.number}", tags=tags)
        draw.trial.set_user_attr(RUN, run.info.run_id)
        self.client.log_batch(run.info.run_id, params=[Param(option, text) for option, text in draw.values.items()])

    def measured(self, number: int, metrics: Mapping[str, float]) -> None:
        """What a trial measured after so many steps."""
        from mlflow.entities import Metric

        now, step = time.time_ns() // 1_000_000, int(metrics["step"])
        points = [Metric(name, value, now, step) for name, value in metrics.items() if name != "step"]
        self.client.log_batch(str(self.trials.all()[number].user_attrs[RUN]), points)

    def ended(self, number: int) -> None:
        """End a trial's run as the study has it."""
        self._end(self.trials.all()[number])

    def finish(self, files: Sequence[Path]) -> None:
        """End the study's run well, with its figures and files."""
        from mlflow.entities import Metric

        best, now = self.trials.best(), time.time_ns() // 1_000_000
        figures = {"trials": float(self.trials.counts()[0])}
        if best is not None and best.value is not None:
            figures[f"best_{self.trials.plan.options.metric}"] = best.value
            self.client.set_tag(self.run_id, "lepton.best_trial", str(best.number))
        self.client.log_batch(self.run_id, [Metric(name, value, now, 0) for name, value in figures.items()])
        for file in files:
            self.client.log_artifact(self.run_id, str(file))
        self.client.set_terminated(self.run_id)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            self.client.set_terminated(self.run_id, "FAILED" if issubclass(kind, Exception) else "KILLED")

    def _end(self, trial: FrozenTrial) -> None:
        run_id = trial.user_attrs.get(RUN)
        if not run_id:
            return
        if trial.value is not None:
            self.client.log_metric(run_id, self.trials.plan.options.metric, trial.value, step=trial.last_step or 0)
        for tag in (REASON, SAME_AS, CUT, RETRY_OF):
            if tag in trial.user_attrs:
                self.client.set_tag(run_id, tag, str(trial.user_attrs[tag]))
        self.client.set_terminated(run_id, _STATES[trial.state.name])

    def _settle(self) -> None:
        """End the runs of trials whose end a killed search could not write down any more."""
        running = f"tags.`mlflow.parentRunId` = '{self.run_id}' and attributes.status = 'RUNNING'"
        open_runs = {run.info.run_id for run in self.client.search_runs([self.experiment_id], running)}
        for trial in self.trials.all():
            if trial.user_attrs.get(RUN) in open_runs and trial.state.is_finished():
                self._end(trial)

    def _study_run(self, dataset: DatasetRef) -> tuple[str, str]:
        """The study's run and its experiment: those of before, if they are still there."""
        from mlflow.exceptions import MlflowException

        study = self.trials.study
        known = study.user_attrs.get(RUN)
        if known:
            try:
                self.client.update_run(known, status="RUNNING")
                return known, str(self.client.get_run(known).info.experiment_id)
            except MlflowException:
                pass  # its database is gone, or another one than it was: begin a new one
        experiment = self._experiment()
        run = self.client.create_run(experiment, run_name=f"{self.name} tune", tags={"lepton.study": study.study_name})
        run_id: str = run.info.run_id
        study.set_user_attr(RUN, run_id)
        self._describe(run_id, dataset)
        return run_id, experiment

    def _describe(self, run_id: str, dataset: DatasetRef) -> None:
        from mlflow.entities import Dataset, DatasetInput, InputTag, Param

        options = self.trials.plan.options
        params = {name: str(value) for name, value in options.model_dump(exclude={"space"}).items()}
        ranges = {f"space.{one.option}": one.model_dump_json(exclude_defaults=True) for one in options.space}
        self.client.log_batch(run_id, params=[Param(name, value) for name, value in {**params, **ranges}.items()])
        entity = Dataset(name=self.name, digest=dataset.digest[:36], source_type="local", source=dataset.path)
        tags = [InputTag("mlflow.data.context", "tuning"), InputTag("lepton.digest", dataset.digest)]
        self.client.log_inputs(run_id, [DatasetInput(dataset=entity, tags=tags)])

    def _experiment(self) -> str:
        found = self.client.get_experiment_by_name(self.name)
        return str(
            found.experiment_id if found else self.client.create_experiment(self.name, artifact_location(self.name))
        )
