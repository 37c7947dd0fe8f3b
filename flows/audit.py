"""Try to break what a private training claims: train once more with canaries, and look for them and for rows."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from prefect import flow
from prefect.states import Failed
from pydantic import BaseModel, ConfigDict, Field

from flows.audited import name_of
from flows.compressing.root import find_root
from flows.models import SCHEME
from flows.prepare import prepared
from flows.recipe import load_recipe
from flows.spending import check_plain_allowed, paid, spending_on
from flows.stages import Stages
from flows.start import starting_point
from infra.disk import disk_errors
from infra.environment import configure
from infra.errors import GateFailed
from infra.stores.lock import home_lock
from infra.stores.tracking import connect, links
from tasks.data.references import DatasetRef, ModelRef, VersionRef
from tasks.data.tree import tree_digest
from tasks.lessons.config import TrainOptions
from tasks.lessons.start import StartRef
from tasks.lessons.training import load_training
from tasks.private.audit.config import AuditOptions
from tasks.private.audit.costs import costs
from tasks.private.audit.reference import AuditRef
from tasks.private.audit.refusals import check_auditable
from tasks.private.audit.report import AuditReport, load_report
from tasks.private.ledger.database import here
from tasks.private.ledger.ledger import commit
from tasks.private.steps import audit as audit_step
from tasks.private.steps import audit_places
from tasks.register.steps.versions import note_audit
from tasks.step import step_key

Subject = Annotated[str, Field(description="A recipe by name or file, or a model: models:/NAME/VERSION or @ALIAS.")]
Overrides = Annotated[list[str], Field(description="Options of the recipe, as NAME=VALUE.")]


class AuditSummary(BaseModel):
    """One audit, as `--json` prints it."""

    model_config = ConfigDict(frozen=True)

    subject: str
    dataset: str
    run_id: str
    cached: bool
    report: AuditReport
    files: dict[str, str]
    links: dict[str, str]


class Refuted(GateFailed):
    """The audit ran to its end, and proves that the training spends more than it says."""

    def __init__(self, summary: AuditSummary) -> None:
        self.summary = summary
        found = summary.report
        super().__init__(
            f"privacy of {summary.subject}",
            found=f"epsilon of at least {found.epsilon_lower:.3g} at confidence {found.confidence:g}",
            allowed=f"up to {found.claimed:.3g}, which the training claims",
            action="Do not use models of this training; find what is wrong with it.",
        )

    def __reduce__(self) -> tuple[object, ...]:
        return Refuted, (self.summary,)


@dataclass(frozen=True)
class _Case:
    """What is audited; the model and its version where one is named."""

    name: str
    train: TrainOptions
    dataset: DatasetRef
    model: ModelRef | None = None
    version: VersionRef | None = None


@flow(name="audit", flow_run_name="audit-{subject}", validate_parameters=True, persist_result=False)
def audit(subject: Subject, options: AuditOptions, overrides: Overrides) -> Any:
    """Audit the training of a recipe, or that which a registered model came from."""
    configure()
    connect()
    stages = Stages()
    with home_lock(name_of(subject, overrides)), disk_errors(f"audit of {subject}"):
        case = (
            _of_model(subject, options)
            if subject.startswith(SCHEME)
            else _of_recipe(subject, options, overrides, stages)
        )
        start = starting_point(case.train)
        made = _paid_for(case, options, start, stages)
        report = load_report(Path(made.path))
        if case.version:
            note_audit(case.version, report.epsilon_lower, report.claimed)
    files = {file.stem: str(file) for file in sorted(Path(made.path).iterdir())}
    summary = AuditSummary(
        subject=subject,
        dataset=case.dataset.digest,
        run_id=made.run_id,
        cached=stages.done[-1].cached,
        report=report,
        files=files,
        links={name: link for name, link in links("", "", made.run_id).items() if name != "model"},
    )
    if report.passed:
        return summary
    error = Refuted(summary)
    return Failed(name="Refuted", message=str(error), data=error)


def _paid_for(case: _Case, options: AuditOptions, start: StartRef | None, stages: Stages) -> AuditRef:
    """The audit, within the budget of its data: it trains, and so spends as other trainings do.

    Raises:
        BudgetError: too little is left of the data's budget, or it has one and the training is not private.
    """
    arguments = (case.name, options, case.train, case.dataset, case.model, start)
    key, what = step_key(audit_step, *arguments)[:16], f"audit of {case.name}"
    if not case.train.privacy.has_secret_noise:
        check_plain_allowed(case.dataset, what, key)
        return stages.run("audit", audit_step, *arguments)
    cost = costs(options, case.train, case.dataset)
    spending = spending_on(case.dataset, what, cost.mechanisms, cost.delta, cost.persons, key)
    report, began = audit_places(key)
    with paid(spending, tree_digest(report) if report.exists() else "", began.exists):
        made = stages.run("audit", audit_step, *arguments)
    commit(here(), spending, made.digest)
    return made


def _of_recipe(subject: str, options: AuditOptions, overrides: list[str], stages: Stages) -> _Case:
    recipe = load_recipe(subject, overrides)
    check_auditable(options, recipe.train)
    return _Case(recipe.name, recipe.train, prepared(recipe, stages).dataset)


def _of_model(subject: str, options: AuditOptions) -> _Case:
    root = find_root(subject)
    trained = load_training(Path(root.model.path))
    check_auditable(options, trained)
    return _Case(root.version.name, trained, root.dataset, root.model, root.version)
