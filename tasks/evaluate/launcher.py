"""Measure in a child process: a fresh one for every model, so that none warms another's caches."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from infra.cores import affinity
from infra.processes import Event, run_child
from tasks.data.references import DatasetRef
from tasks.evaluate.config import EvaluateOptions
from tasks.evaluate.report import METRICS, write_json
from tasks.evaluate.spec import EvaluateSpec
from tasks.runtime.draft import draft


def evaluate(
    options: EvaluateOptions,
    package: Path,
    dataset: DatasetRef,
    into: Path,
    log: Path,
    on_event: Callable[[Event], None] | None = None,
) -> dict[str, float]:
    """Measure `package` on the test split.

    Returns:
        Quality by the model's task (`accuracy`, `macro_f1`, `log_loss`, `auc`; `mrr`, `ndcg_at_10`, `recall_at_1`,
        `recall_at_10`; `mse`, `rmse`, `mae`; `ndcg_at_10`, `map_at_10`, `hit_rate_at_10`, `mrr`; of several heads what
        `head_figures` gives), what the worker's parts add, `unknown_labels`, `rows`, `size_mb`, `gzip_mb` and
        `latency_p50_ms`, `_p95_ms`, `_p99_ms`, of 32 rows together with `_batch32` behind, and of `other_threads` with
        `_threads2`, beside `memory_mb`. The directory `into` holds them as `metrics.json` beside tables, pictures,
        `examples.json` and the parts of the report in files of their own.

    Raises:
        LeptonError: the one that the child met.
    """
    with draft(into) as path:
        spec = EvaluateSpec(options=options, package=package, dataset=dataset, into=path)
        metrics: dict[str, float] = run_child("tasks.evaluate.worker", spec.model_dump_json(), log, on_event)["metrics"]
        if 0 < options.other_threads <= affinity():
            metrics |= run_child("tasks.evaluate.serving", spec.model_dump_json(), log)["metrics"]
            write_json(path / METRICS, metrics)
    return metrics
