"""Search for a small model that is no worse: chains of compression methods, each child measured and judged."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Annotated, Any

from prefect import flow
from prefect.states import Failed
from pydantic import Field

from flows.compressing.plan import Plan, plan_for
from flows.compressing.record import show, write_files
from flows.compressing.root import Root, find_root
from flows.compressing.summary import (
    CompressSummary,
    PickShortOfGate,
    TargetNotMet,
    picked,
    summarize_children,
)
from flows.compressing.target import Target, parse_target
from flows.compressing.walk import Outcome, endured_loss, walk
from flows.compressing.workshop import Workshop
from flows.models import version_words
from flows.spending import check_plain_allowed
from infra.disk import disk_errors
from infra.environment import configure
from infra.stores.lock import home_lock
from infra.stores.tracking import connect, links
from tasks.data.references import EvaluationRef
from tasks.register.steps.card import refresh_card, show_card
from tasks.register.steps.gate import settle
from tasks.step import progress_artifact

Model = Annotated[str, Field(description="The model: models:/NAME/VERSION or models:/NAME@ALIAS.")]
Bounds = Annotated[str, Field(description="What the child must keep, such as size=2MB,latency_ms=3,max_loss=0.005.")]
Minutes = Annotated[
    float, Field(ge=0, allow_inf_nan=False, description="Minutes after which no step is begun; 0: no limit.")
]
RecipeName = Annotated[
    str, Field(description="Recipe that says how children are measured and judged; empty: that of the model.")
]
Chains = Annotated[Plan, Field(description="What is tried.")]
OF_ITS_KIND = Plan()


@flow(name="compress", flow_run_name="compress-{model}", validate_parameters=True, persist_result=False)
def compress(
    model: Model, target: Bounds = "", minutes: Minutes = 0, recipe: RecipeName = "", plan: Chains = OF_ITS_KIND
) -> Any:
    """Try chains from gentle to strong, and promote the smallest child within the target that passes the gate.

    The same call goes on where an earlier one stopped or was killed.
    """
    began = time.monotonic()
    configure()
    connect()
    name, bounds = version_words(model, "MODEL")["name"], parse_target(target)
    with home_lock(name), disk_errors(f"compression of {model}"), progress_artifact("search"):
        root = find_root(model, recipe)
        if not root.is_private:
            check_plain_allowed(root.dataset, f"compression of {model}", f"compress {root.version.uri}")
        workshop = Workshop(root, deadline=began + minutes * 60 if minutes else float("inf"))
        parent, chosen = workshop.parent, plan if plan.chains else plan_for(root.task, root.is_private)
        outcomes = walk(chosen.chains, workshop.make, most_lost(root, parent, bounds))
        summary = settled(root, parent, outcomes, bounds, target)
        summary = write_files(summary.model_copy(update={"seconds": round(time.monotonic() - began, 1)}), root, bounds)
    show(summary, name)
    return outcome_of(summary)


def most_lost(root: Root, parent: EvaluationRef, target: Target) -> float:
    """What a chain may lose for stronger ones to be tried: by the target, or without a bound there by the gate."""
    bound = target.bounds.get("max_loss", root.terms.gate.max_loss_to_parent)
    return endured_loss(bound, parent.metrics["rows"])


def settled(
    root: Root, parent: EvaluationRef, outcomes: Sequence[Outcome], bounds: Target, target: str
) -> CompressSummary:
    """Pick a child, and promote it if it keeps the target and passed the gate."""
    found = picked(outcomes, bounds)
    child = found.child if found else None
    met = child is not None and not bounds.missed(child.figures)
    alias = ""
    if child and met and child.judged.verdict.passed:
        alias = settle(child.version, child.judged, child.rival)
        refresh_card(child.version)
        show_card(child.version)
    own, children = summarize_children(root, parent.metrics, outcomes, bounds)
    shown = child.version if child else root.version
    return CompressSummary(
        model=root.version.uri,
        metric=root.terms.gate.primary_metric,
        higher_is_better=root.terms.gate.higher_is_better,
        target=target,
        finished=all(each.state != "waiting" for each in outcomes),
        seconds=0.0,
        parent=own,
        children=children,
        picked=found.chain.name if found else "",
        met=met,
        alias=alias,
        files={},
        links=links(shown.name, shown.version, shown.run_id),
    )


def outcome_of(summary: CompressSummary) -> Any:
    """The summary, or where nothing was promoted a failed state that holds it."""
    if summary.alias:
        return summary
    error = PickShortOfGate(summary) if summary.met else TargetNotMet(summary)
    return Failed(name="FailedGate" if summary.met else "TargetNotMet", message=str(error), data=error)
