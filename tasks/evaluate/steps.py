"""Measure a model on the test split of its data set version."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from pathlib import Path

from prefect.artifacts import create_table_artifact

from infra.processes import Event, run_child
from infra.progress import Progress, report
from infra.settings.home import HomeSettings
from tasks.data.references import DatasetRef, EvaluationRef, ModelRef, Reference
from tasks.data.tree import tree_digest
from tasks.evaluate.config import EvaluateOptions
from tasks.evaluate.explain.config import ExplainOptions
from tasks.evaluate.explain.wording import faithful_words
from tasks.evaluate.fairness.spec import TradeOffSpec, Way
from tasks.reports.explanation import ExplanationReport
from tasks.reports.fairness import FairnessReport, TradeOffReport, told
from tasks.reports.quality import ComparisonReport, QualityReport
from tasks.runtime.draft import draft
from tasks.step import step, step_key

_PARTS_SHOWN = 10  # of a method, in the Prefect UI


@step
def evaluate(name: str, options: EvaluateOptions, model: ModelRef, dataset: DatasetRef) -> EvaluationRef:
    """Quality, size and latency in a fresh process; metrics, tables and pictures go to MLflow."""
    import mlflow

    from tasks.evaluate.launcher import evaluate as launch

    home = HomeSettings()
    key = step_key(evaluate, name, options, model, dataset)[:16]
    folder = home.reports / key
    metrics = launch(options, Path(model.path), dataset, folder, home.logs / f"evaluate-{key}.log", _teller("evaluate"))
    client = mlflow.MlflowClient()
    for metric, value in metrics.items():
        client.log_metric(model.run_id, metric, value)
    client.log_artifacts(model.run_id, str(folder), "evaluation")
    _show(name, folder, metrics)
    return EvaluationRef(path=str(folder), digest=tree_digest(folder), metrics=metrics, run_id=model.run_id)


@step
def compare(
    name: str,
    options: EvaluateOptions,
    candidate: ModelRef,
    champion: ModelRef | None,
    champion_uri: str,
    reason: str,
    dataset: DatasetRef,
) -> Reference:
    """The candidate beside the champion on the same test rows: a folder with `comparison.json`, also in MLflow.

    Args:
        champion: None where it can't be had, for the `reason` given.
    """
    import mlflow

    from tasks.evaluate.comparison.launcher import compare as launch
    from tasks.evaluate.comparison.launcher import not_compared

    home = HomeSettings()
    key = step_key(compare, name, options, candidate, champion, champion_uri, reason, dataset)[:16]
    folder, log = home.reports / f"compare-{key}", home.logs / f"compare-{key}.log"
    if champion:
        packages = Path(candidate.path), Path(champion.path)
        launch(options.intervals, *packages, champion_uri, dataset, folder, log, _teller("compare"))
    else:
        not_compared(champion_uri, reason, folder)
    mlflow.MlflowClient().log_artifacts(candidate.run_id, str(folder), "comparison")
    _show_comparison(name, ComparisonReport.load(folder))
    return Reference(path=str(folder), digest=tree_digest(folder))


@step
def tradeoff(name: str, options: EvaluateOptions, ways: list[Way], dataset: DatasetRef) -> Reference:
    """Quality against disparity of ways of training, on the same test rows: a folder with `tradeoff.json`, .csv, .png.

    It goes to the MLflow run of the chosen way too.
    """
    import mlflow

    home = HomeSettings()
    key = step_key(tradeoff, name, options, ways, dataset)[:16]
    folder = home.reports / f"tradeoff-{key}"
    with draft(folder) as path:
        spec = TradeOffSpec(options=options, ways=tuple(ways), dataset=dataset, into=path)
        run_child("tasks.evaluate.fairness.worker", spec.model_dump_json(), home.logs / f"tradeoff-{key}.log")
    client = mlflow.MlflowClient()
    for way in ways:
        if way.is_chosen:
            client.log_artifacts(way.model.run_id, str(folder), "tradeoff")
    _show_tradeoff(name, TradeOffReport.load(folder))
    return Reference(path=str(folder), digest=tree_digest(folder))


@step
def explain(name: str, options: ExplainOptions, model: ModelRef, parent: ModelRef, dataset: DatasetRef) -> Reference:
    """What moves the answers of a model: a folder with `explanation.json` and pictures, also in MLflow.

    Args:
        parent: the floating-point model that gradients are taken of.
    """
    import mlflow

    from tasks.evaluate.explain.launcher import explain as launch

    home = HomeSettings()
    key = step_key(explain, name, options, model, parent, dataset)[:16]
    folder = home.reports / f"explain-{key}"
    launch(options, Path(model.path), Path(parent.path), dataset, folder, home.logs / f"explain-{key}.log")
    mlflow.MlflowClient().log_artifacts(model.run_id, str(folder), "explanation")
    _show_explanation(name, ExplanationReport.load(folder))
    return Reference(path=str(folder), digest=tree_digest(folder))


def _show_explanation(name: str, found: ExplanationReport | None) -> None:
    if found is None:
        return
    table: list[dict[str, object]] = [
        {"method": whole.method, "part": each.part, "importance": str(each.importance), "rows": each.rows}
        | {"faithful": faithful_words(whole.faithfulness)}
        for whole in found.globals
        for each in whole.importances[:_PARTS_SHOWN]
    ]
    table += [{"method": method, "left out": reason} for method, reason in found.left_out.items()]
    create_table_artifact(table=table, key=f"{name}-explanation", description=f"What moves the {found.explained}")


def _show_tradeoff(name: str, found: TradeOffReport | None) -> None:
    if found is None:
        return
    table = [
        {
            "mitigation": f"{way.mitigation} (chosen)" if way.is_chosen else way.mitigation,
            found.metric: str(way.quality),
            **{f"{found.disparity} by {column}": str(interval) for column, interval in way.by_column.items()},
        }
        for way in found.ways
    ]
    left_out = [{"mitigation": way, "left out": reason} for way, reason in found.left_out.items()]
    about = f"Ways of training on the same {found.rows} test rows"
    create_table_artifact(table=[*table, *left_out], key=f"{name}-tradeoff", description=about)


def _show_fairness(name: str, found: FairnessReport | None) -> None:
    if found is None:
        return
    disparities = [
        {"protected": protected.name, "disparity": disparity, "in words": told(disparity, interval)}
        for protected in found.protected
        for disparity, interval in protected.disparities.items()
    ]
    reasons = [
        {"protected": protected.name, "disparity": "none", "in words": protected.reason}
        for protected in found.protected
        if protected.reason
    ]
    rates = [
        {"protected": protected.name, "group": group.name, "rows": group.rows, "small": group.is_small}
        | {rate: str(interval) for rate, interval in group.rates.items()}
        for protected in found.protected
        for group in protected.groups
    ]
    about = f"Disparities between groups; favourable is {found.favourable}; {found.confidence:.0%} intervals"
    create_table_artifact(table=[*disparities, *reasons], key=f"{name}-fairness", description=about)
    create_table_artifact(table=rates, key=f"{name}-groups", description="Rates by group, with intervals")


def _teller(stage: str) -> Callable[[Event], None]:
    """What tells whoever watches how far a child process is."""

    def tell(event: Event) -> None:
        if "progress" in event:
            report(Progress(stage, **event["progress"]))

    return tell


def _show_comparison(name: str, found: ComparisonReport | None) -> None:
    if found is None:
        return
    table = [
        {
            "metric": each.metric,
            "candidate": f"{each.candidate:.4g}",
            "champion": f"{each.champion:.4g}",
            "difference": str(each.difference),
            "p": "" if each.p_value is None else f"{each.p_value:.3g}",
            "by": each.test,
        }
        for each in found.differences
    ]
    about = f"{found.champion} on the same {found.rows} rows" if table else f"not compared: {found.reason}"
    create_table_artifact(table=table or [{"reason": found.reason}], key=f"{name}-comparison", description=about)


def _show(name: str, folder: Path, metrics: dict[str, float]) -> None:
    """What the Prefect UI shows of the measurement."""
    quality = QualityReport.load(folder)
    sure = quality.metrics if quality else {}
    table = [{"metric": metric, "value": str(sure.get(metric, f"{value:.4g}"))} for metric, value in metrics.items()]
    about = f"Metrics on the test split, with {quality.confidence:.0%} intervals" if quality else "Metrics"
    create_table_artifact(table=table, key=f"{name}-metrics", description=about)
    _show_fairness(name, FairnessReport.load(folder))
    for per_class in sorted(folder.glob("*per_class.csv")):
        with per_class.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        head = per_class.stem.removesuffix("per_class").rstrip("_")
        key = "-".join(filter(None, [name, re.sub(r"[^a-z0-9]+", "-", head.lower()).strip("-"), "per-class"]))
        about = f" of {head}" if head else ""
        create_table_artifact(table=rows, key=key, description=f"Precision, recall and F1 by class{about}")
