"""Make a trained model small, as a child run of the one that trained it."""

from __future__ import annotations

from pathlib import Path

from infra.settings.home import HomeSettings
from tasks.compress.config import CompressOptions
from tasks.data.references import DatasetRef, ModelRef
from tasks.data.tree import tree_digest
from tasks.step import step, step_key


@step
def compress(
    name: str, options: CompressOptions, model: ModelRef, dataset: DatasetRef, teacher: ModelRef | None = None
) -> ModelRef:
    """Compress the package in a child process; its deltas to the parent go to MLflow.

    Args:
        teacher: the model at the chain's beginning, if that is not `model`.
    """
    import mlflow

    from tasks.compress.launcher import compress as launch

    home = HomeSettings()
    key = step_key(compress, name, options, model, dataset, teacher)[:16]
    package = home.packages / key
    taught_by = Path(teacher.path) if teacher else None
    deltas = launch(options, Path(model.path), dataset, package, home.logs / f"compress-{key}.log", taught_by)
    client = mlflow.MlflowClient()
    parent = client.get_run(model.run_id)
    run = client.create_run(
        parent.info.experiment_id, run_name=f"{name} {options.steps[-1]}", tags={"mlflow.parentRunId": model.run_id}
    )
    for option, value in options.model_dump(exclude_unset=True).items():
        client.log_param(run.info.run_id, option, value)
    for metric, value in deltas.items():
        client.log_metric(run.info.run_id, metric, value)
    client.set_terminated(run.info.run_id)
    return ModelRef(path=str(package), digest=tree_digest(package), run_id=run.info.run_id)
