"""What a training begins from, if the recipe names it: an encoder's folder, a registered model, or a package."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from infra.errors import NotFoundError, RecipeError
from infra.settings.home import HomeSettings
from tasks.lessons.config import TrainOptions
from tasks.lessons.start import StartRef, check_package, start_digest
from tasks.model.published import open_published

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion

_SCHEME = "models:/"
_VERSION = re.compile(r"models:/(?P<name>[^/@']+)(?:/(?P<version>\d+)|@(?P<alias>[^/@']+))")


def starting_point(options: TrainOptions) -> StartRef | None:
    """The folder that training begins from, checked; None where a recipe names none.

    An alias is followed here, once a run: its digest, not its name, decides whether a kept result stands.

    Raises:
        NotFoundError: no such model, version or package.
        RecipeError: the model can't be gone on from.
        SourceError: the folder can't be used.
    """
    if options.encoder.weights:
        folder = Path(options.encoder.weights).expanduser().resolve()
        return StartRef(path=str(folder), digest=open_published(folder).digest(), uri=str(folder))
    if not options.start_from:
        return None
    if options.start_from.startswith(_SCHEME):
        return _registered(options)
    package = Path(options.start_from).expanduser().resolve()
    check_package(options.task, package, str(package))
    return StartRef(path=str(package), digest=start_digest(package), uri=str(package))


def _registered(options: TrainOptions) -> StartRef:
    version = _find(options.start_from)
    uri = f"{_SCHEME}{version.name}/{version.version}"
    parent = version.tags.get("lepton.parent_version", "")
    package = _package(version, uri)
    check_package(options.task, package, uri, f"{_SCHEME}{version.name}/{parent}" if parent else "")
    return StartRef(path=str(package), digest=start_digest(package), uri=uri)


def _find(uri: str) -> ModelVersion:
    import mlflow
    from mlflow.exceptions import MlflowException

    spelled = _VERSION.fullmatch(uri)
    if spelled is None:
        raise RecipeError(
            "train.start_from",
            found=repr(uri),
            allowed="models:/NAME/VERSION, models:/NAME@ALIAS, or the folder of a package",
            action="`lepton models` lists what is registered.",
        )
    client, name = mlflow.MlflowClient(), spelled["name"]
    try:
        if spelled["version"]:
            return client.get_model_version(name, spelled["version"])
        return client.get_model_version_by_alias(name, spelled["alias"])
    except MlflowException:
        versions = sorted(int(found.version) for found in client.search_model_versions(f"name = '{name}'"))
        raise NotFoundError(
            f"model {uri}",
            found="no such version or alias" if versions else f"no model {name}",
            allowed=f"versions {', '.join(map(str, versions))} of {name}" if versions else "a registered model",
            action="`lepton models` lists what is registered.",
        ) from None


def _package(version: ModelVersion, uri: str) -> Path:
    """The folder of its package, copied below the home once: the registry's own files are not to be relied on."""
    import mlflow

    packages, digest = HomeSettings().packages, version.tags.get("lepton.package_digest", "")
    kept = packages / f"registered-{digest[:16]}"
    if kept.exists():
        return kept
    packages.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".registered-", dir=packages) as work:
        fetched = Path(mlflow.artifacts.download_artifacts(uri, dst_path=work))
        found = list((fetched / "data").glob("*")) if digest else []
        if len(found) != 1:
            raise NotFoundError(
                f"model {uri}",
                found="no package in it",
                allowed="a model that Lepton registered",
                action="`lepton models` lists what is registered.",
            )
        found[0].rename(kept)
    return kept
