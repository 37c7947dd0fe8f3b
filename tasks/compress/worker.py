"""The child process that compresses: `python -m tasks.compress.worker SPEC`."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from dataclasses import asdict
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from infra.environment import configure
from infra.errors import RecipeError
from infra.processes import Event, child_main, emit
from infra.progress import watching
from tasks.compress.chain import CONVERTING, MARKING, Method
from tasks.compress.difference import difference, figures, head_differences
from tasks.compress.private import check_private
from tasks.compress.spec import CompressSpec
from tasks.data.tree import tree_digest
from tasks.data.version import read_rows
from tasks.dp.record import carry_record
from tasks.features.files import load_features, save_features
from tasks.runtime.answers import load_answers
from tasks.runtime.package import model_path, package_bytes, read_manifest, write_manifest
from tasks.runtime.predictor import index_answers, load

if TYPE_CHECKING:
    from tasks.compress.subject import Subject

COMPARED_ROWS = 256


def compress(spec: CompressSpec) -> dict[str, float]:
    """Write the child package; returns what the launcher promises."""
    _check_parent(spec.package)
    check_private(spec.package, spec.options)
    *shaping, last = spec.options.steps
    with tempfile.TemporaryDirectory(dir=spec.into.parent, prefix=".steps-") as name:
        package, teacher = spec.package, cache(partial(_taught_by, spec))
        for place, method in enumerate(shaping):
            package = _stepped(spec, method, package, teacher, Path(name) / str(place))
        if last in CONVERTING:
            figures = {**_converted(spec, last, package), **_weight_figures(package)}
        else:
            figures = _weight_figures(_stepped(spec, last, package, teacher, spec.into))
    carry_record(spec.package, spec.into)
    rows = read_rows(spec.dataset, "train").slice(0, COMPARED_ROWS)
    return {
        "size_ratio": package_bytes(spec.package) / package_bytes(spec.into),
        **figures,
        **_differences(spec.package, spec.into, rows),
    }


def _taught_by(spec: CompressSpec) -> Subject:
    """The model at the chain's beginning, with the rows that students learn from."""
    from tasks.compress.subject import read_subject

    return read_subject(spec.teacher, spec.dataset, spec.options.distil)


def _stepped(spec: CompressSpec, method: Method, package: Path, teacher: Callable[[], Subject], into: Path) -> Path:
    """One step from package to package, as a search takes them one by one."""
    from tasks.compress.methods import apply
    from tasks.compress.subject import read_subject, write_subject

    subject = read_subject(package, spec.dataset, spec.options.distil if method == "distil" else None)
    into.mkdir(exist_ok=True)
    write_subject(apply(method, subject, teacher, spec.options), method, into)
    return into


def _converted(spec: CompressSpec, method: Method, package: Path) -> dict[str, float]:
    """The package with its model as TFLite; returns what the conversion tells."""
    from tasks.compress.convert import convert

    manifest = read_manifest(package)
    converted = convert(method, package, spec.dataset, spec.options)
    child = manifest.model_copy(
        update={
            "format": "tflite",
            "parent_digest": tree_digest(spec.package),
            "compression": (*manifest.compression, method),
        }
    )
    write_manifest(spec.into, child)
    save_features(load_features(package), spec.into)
    model_path(spec.into, child).write_bytes(converted.content)
    if child.task == "text_retrieval":
        index_answers(spec.into, load_answers(package).answers, threads=os.cpu_count() or 1)
    return converted.figures


def _weight_figures(package: Path) -> dict[str, float]:
    """What a package's chain promises of its weights; nothing where it promises nothing."""
    compression = read_manifest(package).compression
    if not set(MARKING) & set(compression):
        return {}
    from tasks.compress.matrices import weight_figures
    from tasks.model.names import saved_weights

    return weight_figures(saved_weights(package / "saved_model"), compression)


def _check_parent(package: Path) -> None:
    manifest = read_manifest(package)
    if manifest.format != "saved_model":
        raise RecipeError(
            f"compression of {package}",
            found=f"a package in the format {manifest.format}",
            allowed="a trained model in the format saved_model",
            action="Compress the model that it was made from.",
        )


def _differences(parent: Path, child: Path, rows: pa.Table) -> dict[str, float]:
    before, after = load(parent), load(child)
    if before.manifest.heads:
        return head_differences(before.manifest.heads, before.head_outputs(rows), after.head_outputs(rows))
    return figures(difference(before.row_outputs(rows), after.row_outputs(rows), before.manifest.task))


def work(spec: str) -> Event:
    """`{"metrics": {...}}` for a CompressSpec in JSON."""
    configure()
    with watching(lambda progress: emit({"progress": asdict(progress)})):
        return {"metrics": compress(CompressSpec.model_validate_json(spec))}


if __name__ == "__main__":
    child_main(work)
