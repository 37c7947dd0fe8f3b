"""What MLflow holds."""

from __future__ import annotations

import re
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from infra.errors import NotFoundError, RecipeError
from infra.settings.home import HomeSettings
from infra.stores.tracking import connect

if TYPE_CHECKING:
    from mlflow.entities.model_registry import ModelVersion

SCHEME = "models:/"
_VERSION = re.compile(r"models:/(?P<name>[^/@']+)(?:/(?P<version>\d+)|@(?P<alias>[^/@']+))")
_SPELLINGS = "models:/NAME/VERSION, models:/NAME@ALIAS"
_LISTED = "`lepton models` lists what is registered."


def version_words(uri: str, asked_by: str, otherwise: str = "") -> re.Match[str]:
    """The name with the version or the alias in a model's address.

    Args:
        asked_by: the option or argument that names it.
        otherwise: what else that may be.

    Raises:
        RecipeError: it is no such address.
    """
    spelled = _VERSION.fullmatch(uri)
    if spelled is None:
        allowed = f"{_SPELLINGS}, or {otherwise}" if otherwise else _SPELLINGS
        raise RecipeError(asked_by, found=repr(uri), allowed=allowed, action=_LISTED)
    return spelled


def find_version(uri: str, asked_by: str, otherwise: str = "") -> ModelVersion:
    """The registered version at an address; the arguments are those of `version_words`.

    Raises:
        RecipeError: it is no address of a model.
        NotFoundError: no such model, version or alias.
    """
    import mlflow
    from mlflow.exceptions import MlflowException

    spelled = version_words(uri, asked_by, otherwise)
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
            action=_LISTED,
        ) from None


def address(version: ModelVersion) -> str:
    """How MLflow names a version."""
    return f"{SCHEME}{version.name}/{version.version}"


def package_of(version: ModelVersion) -> Path:
    """The folder of its package, copied below the home once: the registry's own files are not to be relied on.

    Raises:
        NotFoundError: there is no package in it.
    """
    packages, digest = HomeSettings().packages, version.tags.get("lepton.package_digest", "")
    kept = packages / f"registered-{digest[:16]}"
    if kept.exists():
        return kept
    packages.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".registered-", dir=packages) as work:
        found = list((_fetched(version, work) / "data").glob("*")) if digest else []
        if len(found) != 1:
            raise _no_package(version)
        found[0].rename(kept)
    return kept


def _fetched(version: ModelVersion, into: str) -> Path:
    import mlflow
    from mlflow.exceptions import MlflowException

    try:
        return Path(mlflow.artifacts.download_artifacts(address(version), dst_path=into))
    except (MlflowException, FileNotFoundError):  # its files are gone
        raise _no_package(version) from None


def _no_package(version: ModelVersion) -> NotFoundError:
    return NotFoundError(
        f"model {address(version)}",
        found="no package in it",
        allowed="a model that Lepton registered",
        action=_LISTED,
    )


def run_exists(run_id: str) -> bool:
    """Whether MLflow still has that run, or is the same MLflow at all."""
    import mlflow
    from mlflow.exceptions import MlflowException

    try:
        run = mlflow.MlflowClient().get_run(run_id)
    except MlflowException:
        return False
    return bool(run.info.lifecycle_stage == "active")


def registered_models() -> list[dict[str, str]]:
    """Name, version, aliases and time of making, newest first within a model."""
    connect()
    import mlflow

    client = mlflow.MlflowClient()
    return [
        {
            "model": model.name,
            "version": str(version.version),
            "alias": ", ".join(sorted(alias for alias, number in model.aliases.items() if number == version.version)),
            "made": datetime.fromtimestamp(version.creation_timestamp / 1000, UTC).strftime("%Y-%m-%d %H:%M"),
        }
        for model in client.search_registered_models()
        for version in client.search_model_versions(f"name = '{model.name}'", order_by=["creation_timestamp DESC"])
    ]
