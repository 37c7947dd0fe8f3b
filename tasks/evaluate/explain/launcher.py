"""Explain in a child process: TensorFlow and the libraries of explanations stay out of this one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from infra.processes import run_child
from tasks.data.references import DatasetRef
from tasks.evaluate.explain.config import ExplainOptions
from tasks.evaluate.explain.spec import ExplainSpec
from tasks.reports.explanation import LocalExplanation
from tasks.runtime.draft import draft

_WORKER = "tasks.evaluate.explain.worker"


def explain(options: ExplainOptions, package: Path, parent: Path, dataset: DatasetRef, into: Path, log: Path) -> None:
    """Explain test rows of a model; the directory `into` holds `explanation.json` and pictures.

    Args:
        parent: the floating-point model that the package was made from, or itself.

    Raises:
        LeptonError: the one that the child met.
    """
    with draft(into) as path:
        spec = ExplainSpec(options=options, package=package, parent=parent, dataset=dataset, into=path)
        run_child(_WORKER, spec.model_dump_json(), log)


def explain_row(spec: ExplainSpec, log: Path) -> tuple[LocalExplanation, float]:
    """Explain the one row that a specification names; also the seconds that it took, without starting and loading.

    Raises:
        LeptonError: the one that the child met.
    """
    result: dict[str, Any] = run_child(_WORKER, spec.model_dump_json(), log)
    return LocalExplanation.model_validate(result["explanation"]), float(result["seconds"])
