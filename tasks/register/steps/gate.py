"""Decide on a version by the gate, and move the aliases."""

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
from tasks.data.references import DatasetRef, EvaluationRef, VersionRef
from tasks.register.card import model_card
from tasks.register.config import GateOptions
from tasks.register.examples import examples
from tasks.register.gate import Verdict, decide, epsilon_check, with_check
from tasks.register.steps.versions import (
    CANDIDATE,
    CARD,
    CHAMPION,
    GATE,
    PREVIOUS,
    by_alias,
    found_audit,
    privacy_of,
)
from tasks.step import step

if TYPE_CHECKING:
    from mlflow import MlflowClient


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
    prediction = Prediction(row=_ask(candidate, examples(measured)))
    judged = judge(options, candidate, parent, dataset, measured, parent_measured, champion, prediction)
    alias = settle(candidate, judged, champion)
    return Decision(verdict=judged.verdict, alias=alias, card_uri=judged.card_uri, prediction=prediction.row)


@step
def ask(version: VersionRef, measured: EvaluationRef) -> Prediction:
    """Have a registered version answer a test row in a fresh process."""
    return Prediction(row=_ask(version, examples(measured)))


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
        if found := found_audit(client.get_model_version(audited.name, audited.version)):
            verdict = with_check(verdict, found)
    private = privacy_of(client, candidate)
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
    if judged.verdict.passed and by_alias(client, candidate.name, CHAMPION) != candidate:
        _promote(client, candidate, champion)
    _show(candidate, judged.verdict, judged.card)
    # A champion that fails a stricter gate stays one: to take it from service is a decision of its own.
    return CHAMPION if by_alias(client, candidate.name, CHAMPION) == candidate else CANDIDATE


def champion_of(name: str, candidate: VersionRef) -> VersionRef | None:
    """The version that `candidate` competes with: the champion, or the one before if it is champion itself."""
    import mlflow

    client = mlflow.MlflowClient()
    champion = by_alias(client, name, CHAMPION)
    return by_alias(client, name, PREVIOUS) if champion and champion.version == candidate.version else champion


def stands(decision: Decision, candidate: VersionRef) -> bool:
    """Whether a decision is the last one made on the candidate, and its alias still the candidate's."""
    import mlflow

    client = mlflow.MlflowClient()
    tags = client.get_model_version(candidate.name, candidate.version).tags
    is_last = tags.get(GATE) == decision.verdict.model_dump_json()
    return is_last and by_alias(client, candidate.name, decision.alias) == candidate


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


def _show(candidate: VersionRef, verdict: Verdict, card: str) -> None:
    """What the Prefect UI shows of the decision."""
    rows = [check.model_dump() for check in verdict.checks]
    create_table_artifact(table=rows, key=f"{candidate.name}-gate", description="Checks of the promotion gate")
    for name, page in links(candidate.name, candidate.version, candidate.run_id).items():
        create_link_artifact(link=page, link_text=f"{candidate.uri}: {name}", key=f"{candidate.name}-{name}-link")
    create_markdown_artifact(markdown=card, key=f"{candidate.name}-model-card", description="Model card")
