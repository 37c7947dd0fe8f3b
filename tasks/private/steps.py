"""What is spent of privacy, what leaks and what it costs: audits and curves, with their record in MLflow."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prefect.artifacts import create_markdown_artifact, create_table_artifact

from infra.progress import Progress, report
from infra.settings.home import HomeSettings
from infra.stores.tracking import artifact_location
from tasks.data.references import DatasetRef, ModelRef
from tasks.data.tree import tree_digest
from tasks.dp.record import BEGAN
from tasks.lessons.config import TrainOptions
from tasks.lessons.start import StartRef
from tasks.private.audit.config import AuditOptions
from tasks.private.audit.reference import AuditRef
from tasks.private.audit.report import AuditReport
from tasks.private.curve.curve import PICTURE, CurveRef, UtilityCurve, save_curve
from tasks.private.curve.picture import draw_curve
from tasks.step import step, step_key

if TYPE_CHECKING:
    from mlflow import MlflowClient


@step
def audit(
    name: str,
    options: AuditOptions,
    train: TrainOptions,
    dataset: DatasetRef,
    model: ModelRef | None,
    start: StartRef | None,
) -> AuditRef:
    """Train as `train` says, with canaries among the rows, and look for what the training kept of them.

    Args:
        model: that was trained so, to be attacked; None: the audit's own model is.
        start: what training begins from, if it is named.
    """
    import mlflow

    from tasks.model.weights import weights
    from tasks.private.audit.launcher import audit as launch
    from tasks.private.audit.spec import AuditSpec

    home = HomeSettings()
    key = step_key(audit, name, options, train, dataset, model, start)[:16]
    into, began = audit_places(key)
    began.parent.mkdir(parents=True, exist_ok=True)
    spec = AuditSpec(
        options=options,
        train=train,
        dataset=dataset,
        weights=Path(start.path) if start else weights() if train.task.startswith("text") else None,
        package=Path(model.path) if model else None,
        into=into,
        began=began,
    )
    found = launch(spec, home.logs / f"audit-{key}.log", _tell)
    run_id = _record(mlflow.MlflowClient(), name, spec.into, found, model)
    _show(name, found)
    return AuditRef(path=str(spec.into), digest=tree_digest(spec.into), run_id=run_id)


def audit_places(key: str) -> tuple[Path, Path]:
    """Where an audit writes its report, and a file that says that it began to look at rows."""
    home = HomeSettings()
    return home.reports / f"audit-{key}", home.training / f"audit-{key}" / BEGAN


@step
def record_curve(name: str, curve: UtilityCurve) -> CurveRef:
    """Table, JSON and picture of a curve, below the reports and in an MLflow run of its own."""
    import mlflow

    folder = HomeSettings().reports / f"curve-{step_key(record_curve, name, curve)[:16]}"
    folder.mkdir(parents=True, exist_ok=True)
    save_curve(curve, folder)
    draw_curve(curve, folder / PICTURE)
    run_id = _record_folder(mlflow.MlflowClient(), name, "curve", folder, curve.figures(), {})
    picture = base64.b64encode((folder / PICTURE).read_bytes()).decode()  # whole, since Prefect's page keeps no files
    create_markdown_artifact(
        f"![{', '.join(curve.metrics)} by epsilon](data:image/png;base64,{picture})",
        key=f"{name}-privacy-curve",
        description="Utility against epsilon",
    )
    return CurveRef(path=str(folder), digest=tree_digest(folder), run_id=run_id)


def _tell(event: dict[str, Any]) -> None:
    if "progress" in event:
        report(Progress("audit", **event["progress"]))


def _record(client: MlflowClient, name: str, folder: Path, found: AuditReport, model: ModelRef | None) -> str:
    """A run of its own, below that of the model's training if there is one."""
    tags = {"mlflow.parentRunId": model.run_id} if model else {}
    return _record_folder(client, name, "audit", folder, found.figures(), tags)


def _record_folder(
    client: MlflowClient, name: str, what: str, folder: Path, figures: Mapping[str, float], tags: Mapping[str, str]
) -> str:
    """Figures and files as a run of the recipe's experiment."""
    experiment = client.get_experiment_by_name(name)
    experiment_id = experiment.experiment_id if experiment else client.create_experiment(name, artifact_location(name))
    run = client.create_run(experiment_id, run_name=f"{name} {what}", tags=dict(tags))
    run_id: str = run.info.run_id
    for metric, value in figures.items():
        client.log_metric(run_id, metric, value)
    client.log_artifacts(run_id, str(folder), what)
    client.set_terminated(run_id)
    return run_id


def _show(name: str, found: AuditReport) -> None:
    """What the Prefect UI shows of it."""
    rows = [{"figure": figure, "value": value} for figure, value in found.figures().items()]
    create_table_artifact(rows, key=f"{name}-audit", description="What an audit proves of the training's privacy")
