"""Register model versions in MLflow, decide on the candidate, and move the aliases."""

from __future__ import annotations

import json
import logging
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
from tasks.features.files import input_columns
from tasks.register import flavor
from tasks.register.card import model_card
from tasks.register.config import GateOptions
from tasks.register.gate import Verdict, decide
from tasks.register.signature import OUTPUTS, ColumnTypes
from tasks.runtime.package import read_manifest
from tasks.step import step

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.models import ModelSignature

CANDIDATE, CHAMPION, PREVIOUS = "candidate", "champion", "previous"
CARD = "model_card.md"
RECIPE_HASH = "lepton.recipe_hash"


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
    """Log a package with its signature, an example and lineage, and make it a version of the model `recipe`."""
    import mlflow
    import pandas as pd
    from mlflow.models import Model

    package = Path(model.path)
    manifest = read_manifest(package)
    inputs = input_columns(package)
    example = pd.DataFrame(_examples(evaluation)[:1])[list(inputs)]
    with mlflow.start_run(run_id=model.run_id):
        info = Model.log(
            artifact_path=None,
            name="model",
            flavor=flavor,
            loader_module="tasks.runtime.pyfunc",
            data_path=model.path,
            signature=_signature(inputs, OUTPUTS[manifest.task]),
            input_example=example.astype({name: float for name, kind in inputs.items() if kind == "double"}),
            pip_requirements=["lepton"],
            validate_serving_input=False,
        )
    tags = {
        "lepton.dataset_digest": dataset.digest,
        "lepton.package_digest": model.digest,
        "lepton.format": manifest.format,
        "lepton.code_hash": code_fingerprint(("tasks.train.worker",)),
        **({"lepton.parent_version": parent.version} if parent else {}),
    }
    client = mlflow.MlflowClient()
    _ensure_model(client, recipe)
    version = client.create_model_version(recipe, info.model_uri, model.run_id, tags=tags, model_id=info.model_id)
    return VersionRef(name=recipe, version=str(version.version), run_id=model.run_id, digest=model.digest)


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

    client = mlflow.MlflowClient()
    client.set_registered_model_alias(candidate.name, CANDIDATE, candidate.version)
    prediction = _ask(candidate, _examples(measured))
    verdict = decide(
        options,
        candidate=measured.metrics,
        parent=parent_measured.metrics,
        champion=_champion_metrics(client, champion, dataset),
        answered=bool(prediction),
    )
    client.set_model_version_tag(candidate.name, candidate.version, "lepton.gate", verdict.model_dump_json())
    if verdict.passed:
        _promote(client, candidate, champion)
    card = model_card(candidate, parent, dataset, measured.metrics, parent_measured.metrics, verdict)
    client.log_text(candidate.run_id, card, CARD)
    card_uri = f"{client.get_run(candidate.run_id).info.artifact_uri}/{CARD}"
    _show(candidate, verdict, card)
    alias = CHAMPION if verdict.passed else CANDIDATE
    return Decision(verdict=verdict, alias=alias, card_uri=card_uri, prediction=prediction)


def champion_of(name: str, candidate: VersionRef) -> VersionRef | None:
    """The version that `candidate` competes with: the champion, or the one before if it is champion itself."""
    import mlflow

    client = mlflow.MlflowClient()
    champion = _by_alias(client, name, CHAMPION)
    return _by_alias(client, name, PREVIOUS) if champion and champion.version == candidate.version else champion


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
    """Whether the alias that a decision gave is still the candidate's."""
    import mlflow

    now = _by_alias(mlflow.MlflowClient(), candidate.name, decision.alias)
    return now is not None and now.version == candidate.version


def note_recipe(version: VersionRef, recipe_hash: str) -> None:
    """Tag a version with the recipe that led to it; a later recipe that leads to the same one changes nothing."""
    import mlflow

    client = mlflow.MlflowClient()
    if RECIPE_HASH not in client.get_model_version(version.name, version.version).tags:
        client.set_model_version_tag(version.name, version.version, RECIPE_HASH, recipe_hash)


def _promote(client: MlflowClient, candidate: VersionRef, champion: VersionRef | None) -> None:
    if champion:
        client.set_registered_model_alias(candidate.name, PREVIOUS, champion.version)
    client.set_registered_model_alias(candidate.name, CHAMPION, candidate.version)
    when = datetime.now(UTC).isoformat(timespec="seconds")
    replaced = champion.version if champion else "none"
    client.set_model_version_tag(candidate.name, candidate.version, "lepton.promoted", f"{when}, replaced {replaced}")


def _ask(version: VersionRef, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """One real row and what the registered version answers, from a fresh process; empty if it fails."""
    import mlflow

    (package,) = (Path(mlflow.artifacts.download_artifacts(version.uri)) / "data").iterdir()
    spec = json.dumps({"package": str(package), "rows": rows[:1]})
    try:
        answers = run_child("tasks.runtime.query", spec, HomeSettings().logs / "query.log")["rows"]
    except LeptonError as error:
        logging.getLogger(__name__).warning("%s did not answer: %s", version.uri, error)
        return {}
    return {**rows[0], **answers[0]} if answers else {}


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
    digest = found.tags.get("lepton.package_digest", "")
    return VersionRef(name=name, version=str(found.version), run_id=found.run_id, digest=digest)


def _ensure_model(client: MlflowClient, name: str) -> None:
    from mlflow.exceptions import MlflowException

    try:
        client.get_registered_model(name)
    except MlflowException:
        client.create_registered_model(name, description=f"Made by the recipe {name}.")


def _signature(inputs: ColumnTypes, outputs: ColumnTypes) -> ModelSignature:
    from mlflow.models import ModelSignature
    from mlflow.types import ColSpec, Schema

    return ModelSignature(
        inputs=Schema([ColSpec(kind, name) for name, kind in inputs.items()]),
        outputs=Schema([ColSpec(kind, name) for name, kind in outputs.items()]),
    )


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
