"""The child process that measures: `python -m tasks.evaluate.worker SPEC`."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa

from infra.environment import configure
from infra.errors import DataError
from infra.processes import Event, child_main
from tasks.data.version import read_rows
from tasks.evaluate.examples import examples
from tasks.evaluate.latency import latency_metrics
from tasks.evaluate.quality import draw
from tasks.evaluate.report import METRICS, write_json
from tasks.evaluate.scored import score
from tasks.evaluate.size import size_metrics
from tasks.evaluate.spec import EvaluateSpec
from tasks.evaluate.subject import Subject
from tasks.runtime.predictor import load

PARTS: tuple[Callable[[Subject], dict[str, float]], ...] = ()
"""What is found besides metrics: each writes its part of the report, and gives figures for the gate."""


def evaluate(spec: EvaluateSpec) -> dict[str, float]:
    """Write the report; returns what the launcher promises."""
    predictor = load(spec.package, spec.options.threads)
    rows = read_rows(spec.dataset, "test")
    _check_rows(rows)
    scored = score(predictor, rows, lambda: read_rows(spec.dataset, "train"))
    draw(scored, spec.into, spec.options.max_classes_shown)
    subject = Subject(spec.options, spec.package, predictor, spec.dataset, rows, scored, spec.into)
    metrics = {
        **scored.figures(np.arange(len(scored.merits))),
        "rows": float(rows.num_rows),
        **size_metrics(spec.package),
        **latency_metrics(predictor.predict, rows, spec.options.latency_queries, spec.options.threads),
    }
    for part in PARTS:
        metrics |= part(subject)
    write_json(spec.into / METRICS, metrics)
    write_json(spec.into / "examples.json", examples(predictor, rows))
    return metrics


def _check_rows(rows: pa.Table) -> None:
    if rows.num_rows == 0:
        raise DataError(
            "test split",
            found="no row",
            allowed="one row or more to measure on",
            action="Raise ingest.test_share, or give more data.",
        )


def work(spec: str) -> Event:
    """`{"metrics": {...}}` for an EvaluateSpec in JSON."""
    configure()
    return {"metrics": evaluate(EvaluateSpec.model_validate_json(spec))}


if __name__ == "__main__":
    child_main(work)
