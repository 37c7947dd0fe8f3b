"""Register model versions in MLflow, decide on the candidate, and move the aliases."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prefect.artifacts import create_link_artifact, create_markdown_artifact, create_table_artifact
from pydantic import BaseModel, ConfigDict

from infra.errors import LeptonError
from infra.processes import run_child
from infra.settings.home import HomeSettings, checkout
from infra.stores.tracking import links
from tasks.data.fingerprint import code_fingerprint
from tasks.data.references import DatasetRef, EvaluationRef, ModelRef, Reference, VersionRef
from tasks.features.files import input_columns
from tasks.register import flavor
from tasks.register.card import model_card
from tasks.register.config import GateOptions
from tasks.register.gate import Verdict, decide
from tasks.register.signature import ColumnTypes, output_columns
from tasks.runtime.package import read_manifest
from tasks.step import step

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities.model_registry import ModelVersion
    from mlflow.models import ModelSignature
    from mlflow.models.model import ModelInfo

CANDIDATE, CHAMPION, PREVIOUS = "candidate", "champion", "previous"
CARD = "model_card.md"
GATE, PACKAGE_DIGEST, RECIPE_HASH = "lepton.gate", "lepton.package_digest", "lepton.recipe_hash"
STARTED_FROM = "lepton.started_from"  # set on the run by training that goes on from another model
RUNTIME = ("tensorflow", "numpy", "pandas", "pyarrow", "tokenizers", "pydantic", "pydantic-settings")


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
            return _reference(made)
    manifest = read_manifest(Path(model.path))
    started_from = client.get_run(model.run_id).data.tags.get(STARTED_FROM)
    info = _log_model(model, output_columns(manifest), _examples(evaluation)[0]["input"])
    tags = {
        "lepton.dataset_digest": dataset.digest,
        PACKAGE_DIGEST: model.digest,
        "lepton.format": manifest.format,
        "lepton.code_hash": code_fingerprint(("tasks.compress.worker" if parent else "tasks.train.worker",)),
        **({"lepton.parent_version": parent.version} if parent else {}),
        **({STARTED_FROM: started_from} if started_from else {}),
    }
    return _reference(
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
    client.set_model_version_tag(candidate.name, candidate.version, GATE, verdict.model_dump_json())
    if verdict.passed:
        _promote(client, candidate, champion)
    card = model_card(candidate, parent, dataset, measured.metrics, parent_measured.metrics, verdict)
    client.log_text(candidate.run_id, card, CARD)
    card_uri = f"{client.get_run(candidate.run_id).info.artifact_uri}/{CARD}"
    _show(candidate, verdict, card)
    # A champion that fails a stricter gate stays one: to take it from service is a decision of its own.
    alias = CHAMPION if _by_alias(client, candidate.name, CHAMPION) == candidate else CANDIDATE
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
    """Whether a decision is the last one made on the candidate, and its alias still the candidate's."""
    import mlflow

    client = mlflow.MlflowClient()
    tags = client.get_model_version(candidate.name, candidate.version).tags
    is_last = tags.get(GATE) == decision.verdict.model_dump_json()
    return is_last and _by_alias(client, candidate.name, decision.alias) == candidate


def note_recipe(version: VersionRef, recipe_hash: str) -> None:
    """Tag a version with the recipe that led to it; a later recipe that leads to the same one changes nothing."""
    import mlflow

    client = mlflow.MlflowClient()
    if RECIPE_HASH not in client.get_model_version(version.name, version.version).tags:
        client.set_model_version_tag(version.name, version.version, RECIPE_HASH, recipe_hash)


def _log_model(model: ModelRef, outputs: ColumnTypes, example: dict[str, Any]) -> ModelInfo:
    """Log the package into its run, with signature, example, the code it needs and its libraries' versions."""
    import mlflow
    import pandas as pd
    from mlflow.models import Model

    inputs = input_columns(Path(model.path))
    numbers = {name: float for name, kind in inputs.items() if kind == "double"}
    with mlflow.start_run(run_id=model.run_id):
        info: ModelInfo = Model.log(
            artifact_path=None,
            name="model",
            flavor=flavor,
            loader_module="tasks.runtime.pyfunc",
            data_path=model.path,
            signature=_signature(inputs, outputs),
            input_example=pd.DataFrame([example])[list(inputs)].astype(numbers),
            pip_requirements=[f"{name}=={version(name)}" for name in RUNTIME],
            code_paths=[str(checkout() / room) for room in ("tasks", "infra")],
            validate_serving_input=False,
        )
    return info


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
    return _reference(found)


def _reference(version: ModelVersion) -> VersionRef:
    digest = version.tags.get(PACKAGE_DIGEST, "")
    return VersionRef(name=version.name, version=str(version.version), run_id=version.run_id or "", digest=digest)


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
