"""Versions of the registry: their names, their tags, and what is noted on them."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from tasks.data.references import VersionRef
from tasks.dp.record import PRIVACY, PrivacyRecord, load_record
from tasks.register.checks import audit_check
from tasks.register.gate import Check, Verdict, with_check

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion

CANDIDATE, CHAMPION, PREVIOUS = "candidate", "champion", "previous"
GATE, PACKAGE_DIGEST = "lepton.gate", "lepton.package_digest"
RECIPE_HASH, TERMS, BACKGROUND = "lepton.recipe_hash", "lepton.terms", "lepton.background"
COMPRESSION, DELTA = "lepton.compression", "lepton.delta_"
EPSILON, PRIVACY_DELTA = "lepton.epsilon", "lepton.delta"
UNIT, SEEDED = "lepton.privacy", "lepton.privacy_seeded"
CARRIED = (EPSILON, PRIVACY_DELTA, UNIT, SEEDED)  # what privacy has cost holds for all that is made of a model
AUDITED, AUDITED_CLAIM = "lepton.audit_epsilon_lower", "lepton.audit_epsilon_claimed"
PARENT_VERSION = "lepton.parent_version"
STARTED_FROM = "lepton.started_from"  # set on the run by training that goes on from another model


def version_ref(version: ModelVersion) -> VersionRef:
    """How steps name a version of the registry to each other."""
    digest = version.tags.get(PACKAGE_DIGEST, "")
    return VersionRef(name=version.name, version=str(version.version), run_id=version.run_id or "", digest=digest)


def version_exists(version: VersionRef) -> bool:
    """Whether the registry still has it."""
    import mlflow
    from mlflow.exceptions import MlflowException

    try:
        mlflow.MlflowClient().get_model_version(version.name, version.version)
    except MlflowException:
        return False
    return True


def by_alias(client: MlflowClient, name: str, alias: str) -> VersionRef | None:
    """The version under an alias; None where no version has it."""
    from mlflow.exceptions import MlflowException

    try:
        found = client.get_model_version_by_alias(name, alias)
    except MlflowException:
        return None
    return version_ref(found)


def ensure_model(client: MlflowClient, name: str) -> None:
    """Have a registered model of that name."""
    from mlflow.exceptions import MlflowException

    try:
        client.get_registered_model(name)
    except MlflowException:
        client.create_registered_model(name, description=f"Made by the recipe {name}.")


def privacy_tags(record: PrivacyRecord | None) -> dict[str, str]:
    """What a version says of its training's privacy; nothing of one that was not private."""
    if record is None:
        return {}
    seeded = {SEEDED: "true"} if record.seeded_noise else {}
    return {
        EPSILON: f"{record.epsilon:.6g}",
        PRIVACY_DELTA: f"{record.delta:.6g}",
        UNIT: f"{record.unit} {record.user}".strip(),
        **seeded,
    }


def privacy_of(client: MlflowClient, version: VersionRef) -> PrivacyRecord | None:
    """What its package told of its training's privacy when it was registered; None of one that was not private."""
    if EPSILON not in client.get_model_version(version.name, version.version).tags:
        return None
    with tempfile.TemporaryDirectory(prefix="lepton-") as folder:
        client.download_artifacts(version.run_id, PRIVACY, folder)
        return load_record(Path(folder))


def note_recipe(version: VersionRef, recipe_hash: str, terms: str, background: str = "{}") -> None:
    """Tag a version with the recipe that led to it. A later one that leads to it too changes terms and background only.

    Args:
        terms: how the recipe has its models measured and judged, in JSON.
        background: what it says of the model and its data, in JSON.
    """
    import mlflow

    client = mlflow.MlflowClient()
    tags = client.get_model_version(version.name, version.version).tags
    if RECIPE_HASH not in tags:
        client.set_model_version_tag(version.name, version.version, RECIPE_HASH, recipe_hash)
    for name, text in ((TERMS, terms), (BACKGROUND, background)):
        if tags.get(name) != text:
            client.set_model_version_tag(version.name, version.version, name, text)


def note_compression(child: VersionRef, parent: VersionRef, chain: str, deltas: Mapping[str, float]) -> None:
    """Tag a compressed version with what was done to its parent and what that changed, and with what holds for both.

    Args:
        chain: the methods with their options, in JSON.
        deltas: child less parent, by metric.
    """
    import mlflow

    client = mlflow.MlflowClient()
    inherited = client.get_model_version(parent.name, parent.version).tags
    kept = {name: inherited[name] for name in (*CARRIED, RECIPE_HASH, BACKGROUND) if name in inherited}
    changed = {f"{DELTA}{metric}": f"{value:.6g}" for metric, value in deltas.items()}
    known = client.get_model_version(child.name, child.version).tags
    for name, text in (kept | changed | {COMPRESSION: chain}).items():
        if known.get(name) != text:
            client.set_model_version_tag(child.name, child.version, name, text)


def note_audit(version: VersionRef, epsilon_lower: float, claimed: float | None) -> None:
    """Tag a float version, and all that was compressed from it, with what an audit of its training proved.

    Of several audits the worst stands: who repeats one until it passes proves nothing. Where there is a verdict of the
    gate, it gets the audit's check, so that the next run decides anew. No alias moves: to take a champion from service
    is a decision of its own.

    Args:
        claimed: the epsilon that the training said it spent; None: it was not private, and there is nothing to check.
    """
    import mlflow

    client = mlflow.MlflowClient()
    for made in client.search_model_versions(f"name = '{version.name}'"):
        if version.version in (str(made.version), made.tags.get(PARENT_VERSION)):
            for name, text in _audit_tags(made, epsilon_lower, claimed).items():
                client.set_model_version_tag(made.name, made.version, name, text)


def _audit_tags(version: ModelVersion, epsilon_lower: float, claimed: float | None) -> dict[str, str]:
    """What changes of a version's tags; nothing where an earlier audit found it worse."""
    known = found_audit(version)
    if claimed is None or (known and known.value is not None and known.value - known.bound >= epsilon_lower - claimed):
        return {} if known else {AUDITED: f"{epsilon_lower:.6g}"}
    tags = {AUDITED: f"{epsilon_lower:.6g}", AUDITED_CLAIM: f"{claimed:.6g}"}
    if verdict := version.tags.get(GATE):
        judged = with_check(Verdict.model_validate_json(verdict), audit_check(epsilon_lower, claimed))
        tags[GATE] = judged.model_dump_json()
    return tags


def found_audit(version: ModelVersion) -> Check | None:
    """By what an audit noted; None where there was none, or nothing was claimed."""
    lower, claimed = version.tags.get(AUDITED), version.tags.get(AUDITED_CLAIM)
    return audit_check(float(lower), float(claimed)) if lower and claimed else None
