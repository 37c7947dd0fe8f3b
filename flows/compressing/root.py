"""The float model that a search begins with, and the data set version that it learned from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from flows.models import SCHEME, address, find_version, package_of, run_exists
from flows.terms import Terms, terms_for
from infra.errors import NotFoundError, RecipeError
from infra.settings.home import HomeSettings
from tasks.data.manifest import MANIFEST
from tasks.data.references import DatasetRef, ModelRef, Reference, VersionRef
from tasks.data.version import open_version, reference
from tasks.dp.record import PRIVACY
from tasks.options import Task
from tasks.register.steps.versions import TERMS, version_ref
from tasks.runtime.package import read_manifest

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion

DATASET, PARENT_VERSION = "lepton.dataset_digest", "lepton.parent_version"


@dataclass(frozen=True)
class Root:
    """A registered float model with all that its children are made, measured and judged by."""

    version: VersionRef
    model: ModelRef
    dataset: DatasetRef
    task: Task
    terms: Terms

    @property
    def is_private(self) -> bool:
        """Whether its training was: no step may look at its rows again."""
        return (Path(self.model.path) / PRIVACY).exists()


def find_root(uri: str, recipe: str = "") -> Root:
    """The float model at an address, or that which the model there was made from.

    Args:
        recipe: whose terms hold, if not those that were noted with the model.

    Raises:
        RecipeError: it is no address, or the model is no float model and does not say of which it was made.
        NotFoundError: the model, the one that it was made from, its run or its data set version is gone.
    """
    version = float_version(find_version(uri, "MODEL"))
    package, ref = package_of(version), version_ref(version)
    manifest = read_manifest(package)
    if manifest.format != "saved_model":
        raise RecipeError(
            f"model {uri}",
            found=f"{address(version)} in the format {manifest.format}, which names no parent",
            allowed="a float model, or one that was compressed from a registered one",
            action="`lepton models` lists what is registered.",
        )
    if not run_exists(ref.run_id):
        raise NotFoundError(
            f"model {ref.uri}",
            found=f"no run {ref.run_id or '(none named)'}",
            allowed="a model whose MLflow run is there, to record its children below it",
            action="Run its recipe again.",
        )
    return Root(
        version=ref,
        model=ModelRef(path=str(package), digest=ref.digest, run_id=ref.run_id),
        dataset=_dataset(version),
        task=manifest.task,
        terms=terms_for(ref.name, version.tags.get(TERMS, ""), recipe),
    )


def float_version(version: ModelVersion) -> ModelVersion:
    """Itself, or the version at the beginning of its lineage."""
    seen = [str(version.version)]
    while parent := version.tags.get(PARENT_VERSION):
        if parent in seen:
            break
        seen.append(parent)
        version = _parent(version, parent)
    return version


def _parent(child: ModelVersion, parent: str) -> ModelVersion:
    try:
        return find_version(f"{SCHEME}{child.name}/{parent}", "MODEL")
    except NotFoundError:
        raise NotFoundError(
            f"float model of {address(child)}",
            found=f"no version {parent} of {child.name} any more",
            allowed="the version that it was compressed from",
            action="Run the recipe again: a compressed model does not hold its weights.",
        ) from None


def _dataset(version: ModelVersion) -> DatasetRef:
    """The data set version of a model: where its run says that it lies, else anywhere in this home."""
    digest = version.tags.get(DATASET, "")
    for place in _places(version, digest) if digest else []:
        if (place / MANIFEST).exists():
            return reference(open_version(Reference(path=str(place), digest=digest)))
    raise NotFoundError(
        f"data set version of {address(version)}",
        found=f"none with the digest {digest[:16]} in this home" if digest else "none named",
        allowed="the version that the model learned from: children learn from it and are measured on it",
        action="Run its recipe again; what is unchanged is not trained again.",
    )


def _places(version: ModelVersion, digest: str) -> list[Path]:
    import mlflow

    run = mlflow.MlflowClient().get_run(version.run_id or "")
    inputs = run.inputs.dataset_inputs if run.inputs else []
    named = [Path(each.dataset.source) for each in inputs if any(tag.value == digest for tag in each.tags)]
    return [*named, *sorted(HomeSettings().datasets.glob(f"*/{digest[:16]}-*"))]
