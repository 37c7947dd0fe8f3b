"""The child process that exports: `python -m tasks.compress.exports.worker SPEC`."""

from __future__ import annotations

import shutil
from pathlib import Path

import pyarrow as pa

from infra.environment import configure
from infra.errors import RecipeError
from infra.processes import Event, child_main
from tasks.compress.exports.compare import check, compared, compared_code, rows_to_compare
from tasks.compress.exports.spec import ExportSpec
from tasks.data.tree import tree_digest
from tasks.dp.record import carry_record
from tasks.features.files import load_features, save_features
from tasks.runtime.answers import load_answers
from tasks.runtime.package import (
    PackageFormat,
    PackageManifest,
    model_path,
    package_bytes,
    read_manifest,
    write_manifest,
)
from tasks.runtime.predictor import Predictor, index_answers, load

_SOURCES: dict[PackageFormat, tuple[PackageFormat, ...]] = {
    "saved_model": ("saved_model",),
    "tflite": ("saved_model", "tflite"),
    "onnx": ("saved_model", "onnx"),
    "hls": ("saved_model",),
}


def export(spec: ExportSpec) -> dict[str, float]:
    """Write the package in its new format, compared with the old one; returns what the launcher promises.

    Raises:
        RecipeError: it can't be written in that format.
        TrainingError: an operation is lacking there, or outputs differ by more than they may.
    """
    manifest, options = read_manifest(spec.package), spec.options
    _check_source(spec, manifest)
    rows, parent = rows_to_compare(spec), load(spec.package)
    if options.format == "hls":
        found, tolerance = _project(spec, manifest, parent, rows), options.fixed_point_tolerance
    else:
        _package(spec, manifest)
        found, tolerance = compared(parent, load(spec.into), rows), options.tolerance
    if found:
        check(found, tolerance, options)
    told = {"rows": float(rows.num_rows), "tolerance": tolerance, "size_mb": package_bytes(spec.into) / 1e6}
    return {**found, **told}


def _check_source(spec: ExportSpec, manifest: PackageManifest) -> None:
    allowed = _SOURCES[spec.options.format]
    if manifest.format not in allowed:
        raise RecipeError(
            f"--format {spec.options.format}",
            found=f"{spec.package} in the format {manifest.format}",
            allowed=f"a model in the format {' or '.join(allowed)}",
            action="Export the model that it was made from.",
        )


def _package(spec: ExportSpec, manifest: PackageManifest) -> None:
    """A package that the runtime loads."""
    child = manifest.model_copy(update={"format": spec.options.format, "parent_digest": tree_digest(spec.package)})
    source, target = model_path(spec.package, manifest), model_path(spec.into, child)
    if manifest.format == spec.options.format:
        shutil.copytree(source, target) if source.is_dir() else shutil.copyfile(source, target)
    else:
        target.write_bytes(_converted(spec.options.format, source))
    _write_beside(spec, child)


def _converted(format_: PackageFormat, saved_model: Path) -> bytes:
    if format_ == "onnx":
        from tasks.compress.exports.onnx import to_onnx

        return to_onnx(saved_model)
    from tasks.compress.tflite import to_tflite

    return to_tflite(saved_model)


def _project(spec: ExportSpec, manifest: PackageManifest, parent: Predictor, rows: pa.Table) -> dict[str, float]:
    """A C++ project beside the features; what its code gives to the parent, where it could be compiled."""
    from tasks.compress.exports.hls import to_hls
    from tasks.compress.exports.network import exported_network

    child = manifest.model_copy(update={"format": "hls", "parent_digest": tree_digest(spec.package)})
    network, arrays = exported_network(spec.package, spec.dataset), parent.features.encode(rows)
    given = to_hls(network, model_path(spec.into, child), spec.options, arrays)
    _write_beside(spec, child)
    return {} if given is None else compared_code(parent, arrays, given)


def _write_beside(spec: ExportSpec, child: PackageManifest) -> None:
    """Manifest and features, and the answers as the new model embeds them."""
    write_manifest(spec.into, child)
    save_features(load_features(spec.package), spec.into)
    carry_record(spec.package, spec.into)
    if child.task == "text_retrieval" and child.format != "hls":
        index_answers(spec.into, load_answers(spec.package).answers)


def work(spec: str) -> Event:
    """`{"metrics": {...}}` for an ExportSpec in JSON."""
    configure()
    return {"metrics": export(ExportSpec.model_validate_json(spec))}


if __name__ == "__main__":
    child_main(work)
