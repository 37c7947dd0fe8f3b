"""A model package: a directory that predicts with nothing but this code and the runtime its format needs.

    manifest.json     what it is (PackageManifest)
    features.json     how columns become arrays, fitted on train only
    tokenizer.json    text tasks: the encoder's tokeniser
    encoder.json      text tasks: the encoder's sizes, for a training that goes on from here
    training.json     of a trained model: how it was trained
    privacy.json      of a privately trained model, and of what is made of it: what its training spent
    network.json, network.safetensors  of a compressed model that can be compressed further: its Keras graph, weights
    adapter.safetensors  of an encoder with adapters: those and the head, which are merged into the model too
    saved_model/      format saved_model
    model.tflite      format tflite
    model.onnx        format onnx
    hls/              format hls: a C++ project, which a compiler for FPGAs takes and no runtime here
    index.npz         text_retrieval: `answers` (unicode) and their unit `embeddings` (float32, n by d)

Its signature: inputs by the names that the features encode to, one output named `output`:
probabilities (batch by classes), unit embeddings (batch by d), or ratings or scores (batch). A model of text_heads has
one output for each of the manifest's heads, by its name: probabilities (batch by classes or labels), numbers (batch),
or probabilities of tags (batch by tokens by tags), of which that of a word's first token is the word's.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from infra.errors import NotFoundError, SourceError
from tasks.features.heads import Head
from tasks.options import Task

MANIFEST = "manifest.json"
PackageFormat = Literal["saved_model", "tflite", "onnx", "hls"]
_MODELS: dict[PackageFormat, str] = {
    "saved_model": "saved_model",
    "tflite": "model.tflite",
    "onnx": "model.onnx",
    "hls": "hls",
}


class PackageManifest(BaseModel):
    """What a package holds.

    Attributes:
        labels: of a model with one output, its classes in order.
        heads: of a model with several outputs, what each tells.
        parent_digest: of the package that was compressed to this one.
        compression: the methods that led from the trained model to this one, in order.
        started_from: digest of the published weights or the package that training began from.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    task: Task
    format: PackageFormat
    labels: tuple[str, ...] = ()
    heads: tuple[Head, ...] = ()
    dataset_digest: str
    parent_digest: str = ""
    compression: tuple[str, ...] = ()
    started_from: str = ""


def read_manifest(package: Path) -> PackageManifest:
    """The manifest of the package at `package`.

    Raises:
        NotFoundError: there is none.
        SourceError: it can't be read.
    """
    try:
        return PackageManifest.model_validate_json((package / MANIFEST).read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        raise NotFoundError(
            "model package",
            found=f"no {package / MANIFEST}",
            allowed="a directory that training or compression wrote",
            action="Check the path, or run the recipe again.",
        ) from None
    except (OSError, ValueError) as error:
        raise broken_package(package, MANIFEST, error) from None


def broken_package(package: Path, part: str, error: Exception) -> SourceError:
    """The error for a package of which `part` is missing or can't be used."""
    reason = f"{error.error_count()} wrong fields" if isinstance(error, ValidationError) else str(error)
    return SourceError(
        f"model package {package}",
        found=f"{part} that can't be loaded ({reason.strip() or type(error).__name__})",
        allowed="the files that training or compression wrote, unchanged",
        action="Fetch the package again, or run the recipe again.",
    )


def model_path(package: Path, manifest: PackageManifest) -> Path:
    """Where the model itself lies: a directory or a file, by its format."""
    return package / _MODELS[manifest.format]


def write_manifest(package: Path, manifest: PackageManifest) -> None:
    """Write `manifest` into the directory `package`."""
    (package / MANIFEST).write_text(manifest.model_dump_json(indent=2) + "\n", encoding="utf-8")


def model_files(package: Path) -> list[Path]:
    """The files of the model itself, in order: no tokeniser, no index."""
    model = model_path(package, read_manifest(package))
    return [model] if model.is_file() else sorted(path for path in model.rglob("*") if path.is_file())


def package_bytes(package: Path) -> int:
    """Size of the model itself in bytes, without tokeniser and index."""
    return sum(path.stat().st_size for path in model_files(package))
