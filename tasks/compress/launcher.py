"""Compress in a child process: TensorFlow stays out of this one."""

from __future__ import annotations

from pathlib import Path

from infra.processes import run_child
from tasks.compress.config import CompressOptions
from tasks.compress.spec import CompressSpec
from tasks.data.references import DatasetRef
from tasks.runtime.draft import draft


def compress(options: CompressOptions, package: Path, dataset: DatasetRef, into: Path, log: Path) -> dict[str, float]:
    """Write the compressed child of `package` to `into`.

    Returns:
        `size_ratio` (parent's size over child's), `int8_share` (of the weights' numbers), `difference_mean` and
        `difference_max` (of the outputs to the parent's on train rows; one less the cosine for embeddings).

    Raises:
        LeptonError: the one that the child met.
    """
    with draft(into) as path:
        spec = CompressSpec(options=options, package=package, dataset=dataset, into=path)
        metrics: dict[str, float] = run_child("tasks.compress.worker", spec.model_dump_json(), log)["metrics"]
    return metrics
