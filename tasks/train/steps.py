"""Train on a data set version, with live curves in MLflow."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from infra.progress import Progress, report
from infra.settings.home import HomeSettings
from infra.stores.tracking import artifact_location
from tasks.data.references import DatasetRef, ModelRef
from tasks.data.tree import tree_digest
from tasks.step import step, step_key
from tasks.train.config import TrainOptions

if TYPE_CHECKING:
    from mlflow import MlflowClient


@step
def train(name: str, options: TrainOptions, dataset: DatasetRef) -> ModelRef:
    """Train in child processes; the same call after a kill goes on from the last checkpoint and MLflow run."""
    import mlflow

    from tasks.model.weights import weights
    from tasks.train.launcher import train as launch

    home = HomeSettings()
    key = step_key(train, name, options, dataset)[:16]
    work, package = home.training / key, home.packages / key
    client = mlflow.MlflowClient()
    run_id, is_new = _run(client, name, options, dataset, work)

    def on_event(event: dict[str, Any]) -> None:
        if "progress" in event:
            report(Progress("train", **event["progress"]))
        if "metrics" in event:
            _log(client, run_id, event["metrics"])

    if is_new or not package.exists():  # else a kill came between the package and its record
        try:
            outcome = launch(
                options,
                dataset_path=dataset.path,
                dataset_digest=dataset.digest,
                weights=weights() if options.task.startswith("text") else None,
                work=work,
                package=package,
                log_folder=home.logs / f"train-{key}",
                on_event=on_event,
            )
        except Exception:
            client.set_terminated(run_id, "FAILED")
            raise
        for metric in ("fit_seconds", "workers", "restarts"):
            client.log_metric(run_id, metric, outcome[metric])
    client.set_terminated(run_id)
    for checkpoint in work.glob("step-*"):
        checkpoint.unlink()
    return ModelRef(path=str(package), digest=tree_digest(package), run_id=run_id)


def _run(client: MlflowClient, name: str, options: TrainOptions, dataset: DatasetRef, work: Path) -> tuple[str, bool]:
    """The MLflow run of this training, and whether it is new: the one that a killed attempt began goes on."""
    from mlflow.exceptions import MlflowException

    kept = work / "mlflow_run"
    if kept.exists():
        try:
            client.update_run(kept.read_text(), status="RUNNING")
            return kept.read_text(), False
        except MlflowException:
            pass  # its database is gone: begin a new one
    run = client.create_run(_experiment(client, name), run_name=f"{name} train")
    run_id: str = run.info.run_id
    for option, value in options.model_dump().items():
        client.log_param(run_id, option, value)
    _log_dataset(client, run_id, name, dataset)
    work.mkdir(parents=True, exist_ok=True)
    kept.write_text(run_id)
    return run_id, True


def _experiment(client: MlflowClient, name: str) -> str:
    found = client.get_experiment_by_name(name)
    return str(found.experiment_id if found else client.create_experiment(name, artifact_location(name)))


def _log_dataset(client: MlflowClient, run_id: str, name: str, dataset: DatasetRef) -> None:
    """As a dataset input with our digest: MLflow's own covers the first rows only."""
    from mlflow.entities import Dataset, DatasetInput, InputTag

    entity = Dataset(name=name, digest=dataset.digest[:36], source_type="local", source=dataset.path)
    tags = [InputTag("mlflow.data.context", "training"), InputTag("lepton.digest", dataset.digest)]
    client.log_inputs(run_id, [DatasetInput(dataset=entity, tags=tags)])


def _log(client: MlflowClient, run_id: str, metrics: dict[str, float]) -> None:
    step_number = int(metrics["step"])
    for metric, value in metrics.items():
        if metric != "step":
            client.log_metric(run_id, metric, value, step=step_number, synchronous=False)
