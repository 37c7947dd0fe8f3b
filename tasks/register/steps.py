"""Register model versions in MLflow, decide on the candidate, and move the aliases."""

from __future__ import annotations

import json
import logging
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prefect.artifacts import create_link_artifact, create_markdown_artifact, create_table_artifact
from pydantic import BaseModel, ConfigDict

from infra.errors import LeptonError
from infra.processes import run_child
from infra.settings.home import HomeSettings
from infra.stores.tracking import links
from tasks.data.fingerprint import code_fingerprint
from tasks.data.references import DatasetRef, EvaluationRef, ModelRef, Reference, VersionRef
from tasks.dp.record import PRIVACY, PrivacyRecord, load_record
from tasks.register import flavor
from tasks.register.card import model_card
from tasks.register.config import GateOptions
from tasks.register.gate import Check, Verdict, audit_check, decide, epsilon_check, with_check
from tasks.register.signature import output_columns
from tasks.runtime.package import read_manifest
from tasks.step import step

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion

CANDIDATE, CHAMPION, PREVIOUS = "candidate", "champion", "previous"
CARD = "model_card.md"
GATE, PACKAGE_DIGEST = "lepton.gate", "lepton.package_digest"
RECIPE_HASH, TERMS = "lepton.recipe_hash", "lepton.terms"
COMPRESSION, DELTA = "lepton.compression", "lepton.delta_"
EPSILON, PRIVACY_DELTA = "lepton.epsilon", "lepton.delta"
UNIT, SEEDED = "lepton.privacy", "lepton.privacy_seeded"
CARRIED = (EPSILON, PRIVACY_DELTA, UNIT, SEEDED)  # what privacy has cost holds for all that is made of a model
AUDITED, AUDITED_CLAIM = "lepton.audit_epsilon_lower", "lepton.audit_epsilon_claimed"
PARENT_VERSION = "lepton.parent_version"
STARTED_FROM = "lepton.started_from"  # set on the run by training that goes on from another model


class Prediction(BaseModel):
    """A test row with what a registered version answers to it: `input`, `truth`, `output`; empty: it did not answer."""

    model_config = ConfigDict(frozen=True)

    row: dict[str, Any]


class Judgement(BaseModel):
    """What the gate says of a version, and its model card."""

    model_config = ConfigDict(frozen=True)

    verdict: Verdict
    card: str
    card_uri: str


class Decision(BaseModel):
    """What the gate said, the alias under which the candidate now stands, and one real prediction."""

    model_config = ConfigDict(frozen=True)

    verdict: Verdict
    alias: str
    card_uri: str
    prediction: dict[str, Any]


@step
def register(
    recipe: str,
    model: ModelRef,
    evaluation: EvaluationRef,
    dataset: DatasetRef,
    parent: VersionRef | None,
) -> VersionRef:
    """Log a package with its signature, an example and lineage, and make it a version of the model `recipe`.

    A version that this run already made of this package, before a kill or a new measurement, is found again.
    """
    import mlflow

    client = mlflow.MlflowClient()
    _ensure_model(client, recipe)
    for made in client.search_model_versions(f"name = '{recipe}' and run_id = '{model.run_id}'"):
        if made.tags.get(PACKAGE_DIGEST) == model.digest:
            return version_ref(made)
    manifest = read_manifest(Path(model.path))
    started_from = client.get_run(model.run_id).data.tags.get(STARTED_FROM)
    record = load_record(Path(model.path))
    if record:
        client.log_text(model.run_id, record.model_dump_json(indent=2), PRIVACY)
    info = flavor.log_package(model, output_columns(manifest), _examples(evaluation)[0]["input"])
    tags = {
        "lepton.dataset_digest": dataset.digest,
        PACKAGE_DIGEST: model.digest,
        "lepton.format": manifest.format,
        "lepton.code_hash": code_fingerprint(("tasks.compress.worker" if parent else "tasks.train.worker",)),
        **({PARENT_VERSION: parent.version} if parent else {}),
        **({STARTED_FROM: started_from} if started_from else {}),
        **privacy_tags(record),
    }
    return version_ref(
        client.create_model_version(recipe, info.model_uri, model.run_id, tags=tags, model_id=info.model_id)
    )


@step
def gate(
    options: GateOptions,
    candidate: VersionRef,
    parent: VersionRef,
    dataset: DatasetRef,
    measured: EvaluationRef,
    parent_measured: EvaluationRef,
    champion: VersionRef | None,
) -> Decision:
    """Check the candidate; if all passes it becomes champion, and the old champion previous."""
    import mlflow

    mlflow.MlflowClient().set_registered_model_alias(candidate.name, CANDIDATE, candidate.version)
    prediction = Prediction(row=_ask(candidate, _examples(measured)))
    judged = judge(options, candidate, parent, dataset, measured, parent_measured, champion, prediction)
    alias = settle(candidate, judged, champion)
    return Decision(verdict=judged.verdict, alias=alias, card_uri=judged.card_uri, prediction=prediction.row)


@step
def ask(version: VersionRef, measured: EvaluationRef) -> Prediction:
    """Have a registered version answer a test row in a fresh process."""
    return Prediction(row=_ask(version, _examples(measured)))


def judge(
    options: GateOptions,
    candidate: VersionRef,
    parent: VersionRef,
    dataset: DatasetRef,
    measured: EvaluationRef,
    parent_measured: EvaluationRef,
    champion: VersionRef | None,
    prediction: Prediction,
) -> Judgement:
    """Check a version by the gate; the verdict becomes its tag and its card. No alias moves."""
    import mlflow

    client = mlflow.MlflowClient()
    verdict = decide(
        options,
        candidate=measured.metrics,
        parent=parent_measured.metrics,
        champion=_champion_metrics(client, champion, dataset),
        answered=bool(prediction.row),
    )
    for audited in (candidate, parent):
        if found := _audit_check(client.get_model_version(audited.name, audited.version)):
            verdict = with_check(verdict, found)
    private = _privacy_of(client, candidate)
    if private and (options.max_epsilon or private.seeded_noise):
        verdict = with_check(verdict, epsilon_check(private.epsilon, private.seeded_noise, options.max_epsilon))
    client.set_model_version_tag(candidate.name, candidate.version, GATE, verdict.model_dump_json())
    card = model_card(candidate, parent, dataset, measured.metrics, parent_measured.metrics, verdict, private)
    client.log_text(candidate.run_id, card, CARD)
    card_uri = f"{client.get_run(candidate.run_id).info.artifact_uri}/{CARD}"
    return Judgement(verdict=verdict, card=card, card_uri=card_uri)


def settle(candidate: VersionRef, judged: Judgement, champion: VersionRef | None) -> str:
    """Make a version the candidate, and the champion if it passed; returns the alias under which it stands."""
    import mlflow

    client = mlflow.MlflowClient()
    client.set_registered_model_alias(candidate.name, CANDIDATE, candidate.version)
    if judged.verdict.passed and _by_alias(client, candidate.name, CHAMPION) != candidate:
        _promote(client, candidate, champion)
    _show(candidate, judged.verdict, judged.card)
    # A champion that fails a stricter gate stays one: to take it from service is a decision of its own.
    return CHAMPION if _by_alias(client, candidate.name, CHAMPION) == candidate else CANDIDATE


def champion_of(name: str, candidate: VersionRef) -> VersionRef | None:
    """The version that `candidate` competes with: the champion, or the one before if it is champion itself."""
    import mlflow

    client = mlflow.MlflowClient()
    champion = _by_alias(client, name, CHAMPION)
    return _by_alias(client, name, PREVIOUS) if champion and champion.version == candidate.version else champion


def version_ref(version: ModelVersion) -> VersionRef:
    """How steps name a version of the registry to each other."""
    digest = version.tags.get(PACKAGE_DIGEST, "")
    return VersionRef(name=version.name, version=str(version.version), run_id=version.run_id or "", digest=digest)


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


def _privacy_of(client: MlflowClient, version: VersionRef) -> PrivacyRecord | None:
    """What its package told of its training's privacy when it was registered; None of one that was not private."""
    if EPSILON not in client.get_model_version(version.name, version.version).tags:
        return None
    with tempfile.TemporaryDirectory(prefix="lepton-") as folder:
        client.download_artifacts(version.run_id, PRIVACY, folder)
        return load_record(Path(folder))


def version_exists(version: VersionRef) -> bool:
    """Whether the registry still has it."""
    import mlflow
    from mlflow.exceptions import MlflowException

    try:
        mlflow.MlflowClient().get_model_version(version.name, version.version)
    except MlflowException:
        return False
    return True


def stands(decision: Decision, candidate: VersionRef) -> bool:
    """Whether a decision is the last one made on the candidate, and its alias still the candidate's."""
    import mlflow

    client = mlflow.MlflowClient()
    tags = client.get_model_version(candidate.name, candidate.version).tags
    is_last = tags.get(GATE) == decision.verdict.model_dump_json()
    return is_last and _by_alias(client, candidate.name, decision.alias) == candidate


def note_recipe(version: VersionRef, recipe_hash: str, terms: str) -> None:
    """Tag a version with the recipe that led to it; a later recipe that leads to the same one changes terms only.

    Args:
        terms: how the recipe has its models measured and judged, in JSON.
    """
    import mlflow

    client = mlflow.MlflowClient()
    tags = client.get_model_version(version.name, version.version).tags
    if RECIPE_HASH not in tags:
        client.set_model_version_tag(version.name, version.version, RECIPE_HASH, recipe_hash)
    if tags.get(TERMS) != terms:
        client.set_model_version_tag(version.name, version.version, TERMS, terms)


def note_compression(child: VersionRef, parent: VersionRef, chain: str, deltas: Mapping[str, float]) -> None:
    """Tag a compressed version with what was done to its parent and what that changed, and with what holds for both.

    Args:
        chain: the methods with their options, in JSON.
        deltas: child less parent, by metric.
    """
    import mlflow

    client = mlflow.MlflowClient()
    inherited = client.get_model_version(parent.name, parent.version).tags
    kept = {name: inherited[name] for name in (*CARRIED, RECIPE_HASH) if name in inherited}
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
    known = _audit_check(version)
    if claimed is None or (known and known.value is not None and known.value - known.bound >= epsilon_lower - claimed):
        return {} if known else {AUDITED: f"{epsilon_lower:.6g}"}
    tags = {AUDITED: f"{epsilon_lower:.6g}", AUDITED_CLAIM: f"{claimed:.6g}"}
    if verdict := version.tags.get(GATE):
        judged = with_check(Verdict.model_validate_json(verdict), audit_check(epsilon_lower, claimed))
        tags[GATE] = judged.model_dump_json()
    return tags


def _audit_check(version: ModelVersion) -> Check | None:
    """By what an audit noted; None where there was none, or nothing was claimed."""
    lower, claimed = version.tags.get(AUDITED), version.tags.get(AUDITED_CLAIM)
    return audit_check(float(lower), float(claimed)) if lower and claimed else None


def _promote(client: MlflowClient, candidate: VersionRef, champion: VersionRef | None) -> None:
    if champion:
        client.set_registered_model_alias(candidate.name, PREVIOUS, champion.version)
    client.set_registered_model_alias(candidate.name, CHAMPION, candidate.version)
    when = datetime.now(UTC).isoformat(timespec="seconds")
    replaced = champion.version if champion else "none"
    client.set_model_version_tag(candidate.name, candidate.version, "lepton.promoted", f"{when}, replaced {replaced}")


def _ask(version: VersionRef, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """A test row with what the registered version answers to it in a fresh process; empty if it fails."""
    import mlflow

    (package,) = (Path(mlflow.artifacts.download_artifacts(version.uri)) / "data").iterdir()
    home = HomeSettings()
    spec = home.logs / "query.json"  # a file: arguments of a process are everybody's to read
    spec.write_text(json.dumps({"package": str(package), "rows": [rows[0]["input"]]}), encoding="utf-8")
    try:
        answers = run_child("tasks.runtime.query", str(spec), home.logs / "query.log")["rows"]
    except LeptonError as error:
        logging.getLogger(__name__).warning("%s did not answer: %s", version.uri, error)
        return {}
    finally:
        spec.unlink()
    return {**rows[0], "output": answers[0]}


def _champion_metrics(
    client: MlflowClient, champion: VersionRef | None, dataset: DatasetRef
) -> dict[str, float] | None:
    """The champion's metrics, if they were measured on this very data set version."""
    if champion is None:
        return None
    tags = client.get_model_version(champion.name, champion.version).tags
    if tags.get("lepton.dataset_digest") != dataset.digest:
        return None
    return dict(client.get_run(champion.run_id).data.metrics)


def _by_alias(client: MlflowClient, name: str, alias: str) -> VersionRef | None:
    from mlflow.exceptions import MlflowException

    try:
        found = client.get_model_version_by_alias(name, alias)
    except MlflowException:
        return None
    return version_ref(found)


def _ensure_model(client: MlflowClient, name: str) -> None:
    from mlflow.exceptions import MlflowException

    try:
        client.get_registered_model(name)
    except MlflowException:
        client.create_registered_model(name, description=f"Made by the recipe {name}.")


def _examples(evaluation: Reference) -> list[dict[str, Any]]:
    text = (Path(evaluation.path) / "examples.json").read_text(encoding="utf-8")
    rows: list[dict[str, Any]] = json.loads(text)
    return rows


def _show(candidate: VersionRef, verdict: Verdict, card: str) -> None:
    """What the Prefect UI shows of the decision."""
    rows = [check.model_dump() for check in verdict.checks]
    create_table_artifact(table=rows, key=f"{candidate.name}-gate", description="Checks of the promotion gate")
    for name, page in links(candidate.name, candidate.version, candidate.run_id).items():
        create_link_artifact(link=page, link_text=f"{candidate.uri}: {name}", key=f"{candidate.name}-{name}-link")
    create_markdown_artifact(markdown=card, key=f"{candidate.name}-model-card", description="Model card")
