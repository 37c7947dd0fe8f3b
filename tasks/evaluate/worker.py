"""The child process that measures: `python -m tasks.evaluate.worker SPEC`."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa

from infra.environment import configure
from infra.errors import DataError
from infra.processes import Event, child_main, emit
from tasks.data.version import read_rows
from tasks.evaluate.examples import examples
from tasks.evaluate.fairness.part import fairness
from tasks.evaluate.latency import latency_metrics
from tasks.evaluate.parts import calibration, quality
from tasks.evaluate.quality import draw
from tasks.evaluate.report import METRICS, write_json
from tasks.evaluate.robustness.part import robustness
from tasks.evaluate.scored import score
from tasks.evaluate.size import size_metrics
from tasks.evaluate.slices.part import slices
from tasks.evaluate.spec import EvaluateSpec
from tasks.evaluate.subject import Subject
from tasks.runtime.predictor import load

PARTS: tuple[Callable[[Subject], dict[str, float]], ...] = (quality, calibration, slices, robustness, fairness)
"""What is found besides metrics: each writes its part of the report, and gives figures for the gate."""


def evaluate(spec: EvaluateSpec) -> dict[str, float]:
    """Write the report; returns what the launcher promises."""
    _tell(0, "answers")
    predictor = load(spec.package, spec.options.threads)
    rows = read_rows(spec.dataset, "test")
    _check_rows(rows)
    scored = score(predictor, rows, lambda: read_rows(spec.dataset, "train"))
    draw(scored, spec.into, spec.options.max_classes_shown)
    subject = Subject(spec.options, spec.package, predictor, spec.dataset, rows, scored, spec.into)
    _tell(1, "latency")
    metrics = {
        **scored.figures(np.arange(len(scored.merits))),
        "rows": float(rows.num_rows),
        **size_metrics(spec.package),
        **latency_metrics(predictor.predict, rows, spec.options.latency_queries, spec.options.threads),
    }
    for number, part in enumerate(PARTS):
        _tell(2 + number, part.__name__)
        metrics |= part(subject)
    write_json(spec.into / METRICS, metrics)
    write_json(spec.into / "examples.json", examples(predictor, rows))
    return metrics


def _tell(done: int, now: str) -> None:
    """How many of the parts are done, of which answers and latency are two, and what comes now."""
    emit({"progress": {"done": done, "total": 2 + len(PARTS), "text": now}})


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
