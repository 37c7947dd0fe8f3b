"""Compress in a child process: TensorFlow stays out of this one."""

from __future__ import annotations

from pathlib import Path

from infra.processes import Event, run_child
from infra.progress import Progress, report
from tasks.compress.config import CompressOptions
from tasks.compress.spec import CompressSpec
from tasks.data.references import DatasetRef
from tasks.runtime.draft import draft


def compress(
    options: CompressOptions, package: Path, dataset: DatasetRef, into: Path, log: Path, teacher: Path | None = None
) -> dict[str, float]:
    """Write the compressed child of `package` to `into`.

    Args:
        teacher: the package of the model at the chain's beginning, if it is not `package`.

    Returns:
        `size_ratio` (parent's size over child's), `difference_mean` and `difference_max` (of the outputs to the
        parent's on train rows; one less the cosine for embeddings), and what the methods tell, such as `int8_share`
        (of the weights' numbers), `sparsity` (share of zeros) and `distinct_values` (of the matrix that has most).

    Raises:
        LeptonError: the one that the child met.
    """
    with draft(into) as path:
        spec = CompressSpec(options=options, package=package, teacher=teacher or package, dataset=dataset, into=path)
        ended = run_child("tasks.compress.worker", spec.model_dump_json(), log, _pass_on)
        metrics: dict[str, float] = ended["metrics"]
    return metrics


def _pass_on(event: Event) -> None:
    report(Progress(**event["progress"]))
