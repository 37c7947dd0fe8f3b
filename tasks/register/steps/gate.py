"""Decide on a version by the gate, and promote what passes."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prefect.artifacts import create_link_artifact, create_table_artifact
from pydantic import BaseModel, ConfigDict

from infra.errors import LeptonError
from infra.processes import run_child
from infra.settings.home import HomeSettings
from infra.stores.tracking import links
from tasks.data.references import DatasetRef, EvaluationRef, VersionRef
from tasks.register.checks import Findings, decide, epsilon_check
from tasks.register.config import GateOptions
from tasks.register.evidence import Evidence
from tasks.register.examples import examples
from tasks.register.gate import Verdict, with_check
from tasks.register.lineage.completeness import missing_links
from tasks.register.promotion.promotion import withdrawal
from tasks.register.steps.lineage import lineage_of
from tasks.register.steps.promotion import install, recorded, repaired
from tasks.register.steps.versions import (
    CANDIDATE,
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
    """What a registered version holds and answers.

    Attributes:
        row: a test row with its answer: `input`, `truth`, `output`; empty: it did not answer.
        unsafe: what of its files could run code, in words; None: they could not be looked into.
        scan_errors: files that could not be.
    """

    model_config = ConfigDict(frozen=True)

    row: dict[str, Any]
    unsafe: tuple[str, ...] | None = None
    scan_errors: tuple[str, ...] = ()


class Judgement(BaseModel):
    """What the gate says of a version."""

    model_config = ConfigDict(frozen=True)

    verdict: Verdict


class Decision(BaseModel):
    """What the gate said, the alias under which the candidate now stands, and one real prediction."""

    model_config = ConfigDict(frozen=True)

    verdict: Verdict
    alias: str
    prediction: dict[str, Any]


@step
def gate(
    options: GateOptions,
    candidate: VersionRef,
    parent: VersionRef,
    dataset: DatasetRef,
    evidence: Evidence,
    champion: VersionRef | None,
) -> Decision:
    """Check the candidate; if all passes it becomes champion, and the old champion previous.

    Raises:
        PromotionConflict: it passed against a champion that is none any more.
    """
    import mlflow

    mlflow.MlflowClient().set_registered_model_alias(candidate.name, CANDIDATE, candidate.version)
    prediction = _examined(candidate, evidence.measured)
    judged = judge(options, candidate, parent, dataset, evidence, champion, prediction)
    alias = settle(candidate, judged, champion)
    return Decision(verdict=judged.verdict, alias=alias, prediction=prediction.row)


@step
def ask(version: VersionRef, measured: EvaluationRef) -> Prediction:
    """Look for unsafe code in a registered version, and have it answer a test row in a fresh process."""
    return _examined(version, measured)


def judge(
    options: GateOptions,
    candidate: VersionRef,
    parent: VersionRef,
    dataset: DatasetRef,
    evidence: Evidence,
    champion: VersionRef | None,
    prediction: Prediction,
) -> Judgement:
    """Check a version by the gate; the verdict becomes its tag. No alias moves."""
    import mlflow

    client = mlflow.MlflowClient()
    verdict = decide(
        options,
        evidence,
        champion=_champion_metrics(client, champion, dataset),
        findings=_findings(candidate, prediction),
    )
    for audited in (candidate, parent):
        if found := found_audit(client.get_model_version(audited.name, audited.version)):
            verdict = with_check(verdict, found)
    private = privacy_of(client, candidate)
    if private and (options.max_epsilon or private.seeded_noise):
        verdict = with_check(verdict, epsilon_check(private.epsilon, private.seeded_noise, options.max_epsilon))
    client.set_model_version_tag(candidate.name, candidate.version, GATE, verdict.model_dump_json())
    return Judgement(verdict=verdict)


def settle(candidate: VersionRef, judged: Judgement, champion: VersionRef | None) -> str:
    """Make a version the candidate, and the champion if it passed; returns the alias under which it stands.

    Raises:
        PromotionConflict: it passed against a champion that is none any more.
    """
    import mlflow

    client = mlflow.MlflowClient()
    client.set_registered_model_alias(candidate.name, CANDIDATE, candidate.version)
    if judged.verdict.passed and by_alias(client, candidate.name, CHAMPION) != candidate:
        install(candidate, champion, judged.verdict)
    _show(candidate, judged.verdict)
    return _stands_as(candidate)


def champion_of(name: str, candidate: VersionRef) -> VersionRef | None:
    """The version that `candidate` competes with: the champion, or the one before if it is champion itself."""
    import mlflow

    repaired(name)
    client = mlflow.MlflowClient()
    champion = by_alias(client, name, CHAMPION)
    return by_alias(client, name, PREVIOUS) if champion and champion.version == candidate.version else champion


def stands(decision: Decision, candidate: VersionRef) -> bool:
    """Whether a decision is the last one made on the candidate, and its alias still the candidate's."""
    import mlflow

    client = mlflow.MlflowClient()
    tags = client.get_model_version(candidate.name, candidate.version).tags
    is_last = tags.get(GATE) == decision.verdict.model_dump_json()
    return is_last and _stands_as(candidate) == decision.alias


def _stands_as(candidate: VersionRef) -> str:
    """A champion that fails a stricter gate stays one: to take it from service is a decision of its own."""
    import mlflow

    return CHAMPION if by_alias(mlflow.MlflowClient(), candidate.name, CHAMPION) == candidate else CANDIDATE


def _findings(candidate: VersionRef, prediction: Prediction) -> Findings:
    withdrawn = withdrawal(recorded(candidate.name), candidate.version)
    told = f"by {withdrawn.who}, {withdrawn.ended}: {withdrawn.reason}" if withdrawn else ""
    return Findings(
        answered=bool(prediction.row),
        unsafe=prediction.unsafe,
        scan_errors=prediction.scan_errors,
        missing_links=tuple(missing_links(lineage_of(candidate), candidate.uri)),
        withdrawn=told,
    )


def _examined(version: VersionRef, measured: EvaluationRef) -> Prediction:
    """Its files first: what holds unsafe code is not loaded."""
    import mlflow

    files = Path(mlflow.artifacts.download_artifacts(version.uri))
    try:
        scanned = run_child("tasks.register.scan", str(files), HomeSettings().logs / "scan.log")
    except LeptonError as error:
        return Prediction(row={}, scan_errors=(str(error),))
    unsafe, errors = tuple(scanned["findings"]), tuple(scanned["errors"])
    answer = {} if unsafe else _ask(version, files, examples(measured))
    return Prediction(row=answer, unsafe=unsafe, scan_errors=errors)


def _ask(version: VersionRef, files: Path, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """A test row with what the registered version answers to it in a fresh process; empty if it fails."""
    (package,) = (files / "data").iterdir()
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
    """The champion's metrics; empty: they were not measured on this very data set version; None: no champion."""
    if champion is None:
        return None
    tags = client.get_model_version(champion.name, champion.version).tags
    if tags.get("lepton.dataset_digest") != dataset.digest:
        return {}
    return dict(client.get_run(champion.run_id).data.metrics)


def _show(candidate: VersionRef, verdict: Verdict) -> None:
    """What the Prefect UI shows of the decision."""
    rows = [check.model_dump() for check in verdict.checks]
    create_table_artifact(table=rows, key=f"{candidate.name}-gate", description="Checks of the promotion gate")
    for name, page in links(candidate.name, candidate.version, candidate.run_id).items():
        create_link_artifact(link=page, link_text=f"{candidate.uri}: {name}", key=f"{candidate.name}-{name}-link")
