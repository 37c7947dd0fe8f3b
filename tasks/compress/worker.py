"""The child process that compresses: `python -m tasks.compress.worker SPEC`."""

from __future__ import annotations

import os
from pathlib import Path

import pyarrow as pa

from infra.environment import configure
from infra.errors import RecipeError
from infra.processes import Event, child_main
from tasks.compress.difference import difference, figures, head_differences
from tasks.compress.int8 import to_int8
from tasks.compress.spec import CompressSpec
from tasks.data.tree import tree_digest
from tasks.data.version import read_rows
from tasks.features.files import load_features, save_features
from tasks.runtime.answers import load_answers
from tasks.runtime.package import PackageManifest, model_path, package_bytes, read_manifest, write_manifest
from tasks.runtime.predictor import index_answers, load

COMPARED_ROWS = 256


def compress(spec: CompressSpec) -> dict[str, float]:
    """Write the child package; returns what the launcher promises."""
    manifest = _parent_manifest(spec.package)
    int8 = to_int8(model_path(spec.package, manifest))
    child = manifest.model_copy(update={"format": "tflite", "parent_digest": tree_digest(spec.package)})
    write_manifest(spec.into, child)
    save_features(load_features(spec.package), spec.into)
    model_path(spec.into, child).write_bytes(int8.content)
    if child.task == "text_retrieval":
        index_answers(spec.into, load_answers(spec.package).answers, threads=os.cpu_count() or 1)
    rows = read_rows(spec.dataset, "train").slice(0, COMPARED_ROWS)
    return {
        "size_ratio": package_bytes(spec.package) / package_bytes(spec.into),
        "int8_share": int8.share,
        **_differences(spec.package, spec.into, rows),
    }


def _parent_manifest(package: Path) -> PackageManifest:
    manifest = read_manifest(package)
    if manifest.format != "saved_model":
        raise RecipeError(
            f"compression of {package}",
            found=f"a package in the format {manifest.format}",
            allowed="a trained model in the format saved_model",
            action="Compress the model that it was made from.",
        )
    return manifest


def _differences(parent: Path, child: Path, rows: pa.Table) -> dict[str, float]:
    before, after = load(parent), load(child)
    if before.manifest.heads:
        return head_differences(before.manifest.heads, before.head_outputs(rows), after.head_outputs(rows))
    return figures(difference(before.row_outputs(rows), after.row_outputs(rows), before.manifest.task))


def work(spec: str) -> Event:
    """`{"metrics": {...}}` for a CompressSpec in JSON."""
    configure()
    return {"metrics": compress(CompressSpec.model_validate_json(spec))}


if __name__ == "__main__":
    child_main(work)
