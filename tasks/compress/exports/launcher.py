"""Export in a child process: TensorFlow stays out of this one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from infra.errors import RecipeError
from infra.processes import run_child
from tasks.compress.exports.config import ExportOptions
from tasks.compress.exports.spec import ExportSpec
from tasks.data.references import DatasetRef
from tasks.runtime.draft import draft


def export(
    options: ExportOptions,
    package: Path,
    into: Path,
    log: Path,
    dataset: DatasetRef | None = None,
    rows: list[dict[str, Any]] | None = None,
) -> dict[str, float]:
    """Write `package` in another format to `into`, which is not there yet.

    Args:
        dataset: what the model learned from; on some of its train rows both are compared.
        rows: examples of inputs, where the data set is not at hand.

    Returns:
        `rows`, `tolerance`, `difference_mean` and `difference_max` (as `tasks.compress.difference` tells them) and
        `size_mb`. Of hls without a C++ compiler there is no difference.

    Raises:
        LeptonError: the one that the child met.
    """
    if into.exists():
        raise RecipeError("--into", found=f"{into}, which is there", allowed="a new folder", action="Name another.")
    with draft(into) as path:
        spec = ExportSpec(options=options, package=package, into=path, dataset=dataset, rows=rows or [])
        result: dict[str, float] = run_child("tasks.compress.exports.worker", spec.model_dump_json(), log)["metrics"]
    return result
