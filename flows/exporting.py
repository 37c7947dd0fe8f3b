"""What `lepton export` exports: a registered model or a package, with rows to compare it on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flows.models import SCHEME, address, find_version, package_of
from infra.settings.home import HomeSettings
from tasks.data.manifest import MANIFEST, Manifest
from tasks.data.references import DatasetRef, Reference
from tasks.data.version import open_version, reference
from tasks.runtime.package import read_manifest

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion


@dataclass(frozen=True)
class Found:
    """A package, what it learned from if that is in this home, and else examples of its inputs."""

    package: Path
    dataset: DatasetRef | None
    rows: list[dict[str, Any]]


def find_model(uri: str) -> Found:
    """The model at an address of MLflow, or in a folder.

    Raises:
        NotFoundError: it is not there.
        RecipeError: the address is none.
    """
    if not uri.startswith(SCHEME):
        package = Path(uri).expanduser().resolve()
        return Found(package, find_dataset(read_manifest(package).dataset_digest), [])
    from infra.stores.tracking import connect

    connect()
    version = find_version(uri, "MODEL", otherwise="the folder of a package")
    package = package_of(version)
    dataset = find_dataset(read_manifest(package).dataset_digest)
    return Found(package, dataset, [] if dataset else _input_example(version))


def find_dataset(digest: str) -> DatasetRef | None:
    """The data set version of this home with a digest, if there is one."""
    for file in sorted(HomeSettings().datasets.glob(f"*/*/{MANIFEST}")):
        if Manifest.model_validate_json(file.read_text(encoding="utf-8")).digest == digest:
            return reference(open_version(Reference(path=str(file.parent), digest=digest)))
    return None


def _input_example(version: ModelVersion) -> list[dict[str, Any]]:
    """Rows that were registered with a model."""
    import mlflow

    example: Any = mlflow.models.Model.load(address(version)).load_input_example()
    rows: list[dict[str, Any]] = [] if example is None else example.to_dict("records")
    return rows
