"""The ends of a chain: a SavedModel as a TFLite file of one kind or another."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from tasks.compress.calibration import calibration_batches
from tasks.compress.canonical import canonical
from tasks.compress.chain import Method
from tasks.compress.config import CompressOptions
from tasks.compress.flatbuffer import quantise_weights
from tasks.compress.integers import quantise_activations
from tasks.compress.tflite import to_tflite
from tasks.data.references import DatasetRef
from tasks.runtime.package import PackageManifest, model_path, read_manifest


@dataclass(frozen=True)
class Converted:
    """The content of a TFLite file, and what is told of it."""

    content: bytes
    figures: dict[str, float] = field(default_factory=dict)


def convert(method: Method, package: Path, dataset: DatasetRef, options: CompressOptions) -> Converted:
    """The model of a package in the format saved_model. The batch and a text's length stay free.

    Equal weights give equal bytes, whatever chain and process they come from.

    Raises:
        TrainingError: the model needs an operation that TFLite lacks, or an activation is not a number.
        DataError: `full_int8` finds no train row.
    """
    manifest = read_manifest(package)
    saved_model = model_path(package, manifest)
    match method:
        case "int8":
            return _with_int8(to_tflite(saved_model), manifest)
        case "full_int8":
            batches = calibration_batches(package, dataset, options.calibration.rows)
            is_on_grid = "quantise_aware" in manifest.compression
            content = quantise_activations(to_tflite(saved_model), batches, balanced=not is_on_grid)
            return _with_int8(content, manifest)
        case "float32" | "float16" | "dynamic_range":
            return Converted(to_tflite(saved_model, method))
        case _:
            raise ValueError(method)


def _with_int8(content: bytes, manifest: PackageManifest) -> Converted:
    """The model with what large weights are float yet as int8, tables among them."""
    content, share = quantise_weights(content, one_scale="cluster" in manifest.compression)
    return Converted(canonical(content), {"int8_share": share})
