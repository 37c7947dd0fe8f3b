"""Measure a model on the test split of its data set version."""

from __future__ import annotations

import csv
import re
from pathlib import Path

from prefect.artifacts import create_table_artifact

from infra.settings.home import HomeSettings
from tasks.data.references import DatasetRef, EvaluationRef, ModelRef
from tasks.data.tree import tree_digest
from tasks.evaluate.config import EvaluateOptions
from tasks.step import step, step_key


@step
def evaluate(name: str, options: EvaluateOptions, model: ModelRef, dataset: DatasetRef) -> EvaluationRef:
    """Quality, size and latency in a fresh process; metrics, tables and pictures go to MLflow."""
    import mlflow

    from tasks.evaluate.launcher import evaluate as launch

    home = HomeSettings()
    key = step_key(evaluate, name, options, model, dataset)[:16]
    report = home.reports / key
    metrics = launch(options, Path(model.path), dataset, report, home.logs / f"evaluate-{key}.log")
    client = mlflow.MlflowClient()
    for metric, value in metrics.items():
        client.log_metric(model.run_id, metric, value)
    client.log_artifacts(model.run_id, str(report), "evaluation")
    _show(name, report, metrics)
    return EvaluationRef(path=str(report), digest=tree_digest(report), metrics=metrics, run_id=model.run_id)


def _show(name: str, report: Path, metrics: dict[str, float]) -> None:
    """What the Prefect UI shows of the measurement."""
    create_table_artifact(table=[metrics], key=f"{name}-metrics", description="Metrics on the test split")
    for per_class in sorted(report.glob("*per_class.csv")):
        with per_class.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        head = per_class.stem.removesuffix("per_class").rstrip("_")
        key = "-".join(filter(None, [name, re.sub(r"[^a-z0-9]+", "-", head.lower()).strip("-"), "per-class"]))
        about = f" of {head}" if head else ""
        create_table_artifact(table=rows, key=key, description=f"Precision, recall and F1 by class{about}")
