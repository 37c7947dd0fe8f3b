"""The ends of a chain: a SavedModel as a TFLite file of one kind or another."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from tasks.compress.chain import Method
from tasks.compress.config import CompressOptions
from tasks.compress.flatbuffer import quantise_weights
from tasks.compress.tflite import to_tflite
from tasks.data.references import DatasetRef
from tasks.runtime.package import model_path, read_manifest


@dataclass(frozen=True)
class Converted:
    """The content of a TFLite file, and what is told of it."""

    content: bytes
    figures: dict[str, float] = field(default_factory=dict)


def convert(method: Method, package: Path, dataset: DatasetRef, options: CompressOptions) -> Converted:
    """The model of a package in the format saved_model. The batch and a text's length stay free.

    Raises:
        TrainingError: the model needs an operation that TFLite lacks.
    """
    saved_model = model_path(package, read_manifest(package))
    match method:
        case "int8":
            content, share = quantise_weights(to_tflite(saved_model))
            return Converted(content, {"int8_share": share})
        case "float32":
            return Converted(to_tflite(saved_model))
        case _:
            raise ValueError(method)
