"""The main job: raw data to a promoted model."""

from __future__ import annotations

from typing import Any

from prefect import flow, runtime
from prefect.states import Failed

from flows.background import background, without_places
from flows.comparing import compared
from flows.mitigating import weighed_up
from flows.prepare import prepared
from flows.recipe import Recipe
from flows.spending import trained
from flows.stages import Stages
from flows.start import starting_point
from flows.summary import ModelSummary, Summary
from flows.terms import Terms, deltas
from infra.disk import disk_errors
from infra.environment import configure
from infra.errors import GateFailed
from infra.stores.lock import home_lock
from infra.stores.tracking import connect, links
from tasks.compress.groups import only
from tasks.compress.steps import compress
from tasks.evaluate.steps import evaluate, explain
from tasks.register.evidence import Evidence
from tasks.register.steps.card import publish_card, show_card
from tasks.register.steps.gate import Decision, champion_of, gate, stands
from tasks.register.steps.register import register
from tasks.register.steps.versions import note_compression, note_recipe, version_exists


@flow(name="pipeline", flow_run_name="{recipe.name}", validate_parameters=True, persist_result=False)
def pipeline(recipe: Recipe) -> Any:
    """Prepare, train, compress, evaluate, register, and promote what passes the gate."""
    configure()
    connect()
    with home_lock(recipe.name), disk_errors(f"recipe {recipe.name}"):
        summary = run(recipe)
    if summary.gate.passed:
        return summary
    error = ShortOfGate(summary)
    return Failed(name="FailedGate", message=str(error), data=error)


class ShortOfGate(GateFailed):
    """The run went to its end, and its candidate was not promoted."""

    def __init__(self, summary: Summary) -> None:
        self.summary = summary
        last = summary.models[-1]
        super().__init__(
            f"gate of {summary.recipe}",
            found=summary.gate.failures(),
            allowed="every check within its bound",
            action=f"{last.uri} stays {last.alias}; improve it, or change the recipe's gate.",
        )

    def __reduce__(self) -> tuple[object, ...]:
        return ShortOfGate, (self.summary,)


def run(recipe: Recipe) -> Summary:
    """The stages in order. References go from one to the next; no data does."""
    stages = Stages()
    name = recipe.name

    start = starting_point(recipe.train)  # before anything is made: what it names may not be there
    data = prepared(recipe, stages)
    dataset = data.dataset

    model = trained(recipe, dataset, start, stages)
    weighed = weighed_up(recipe, dataset, start, model, stages)
    small = stages.run("compress", compress, name, recipe.compress, model, dataset)

    measured = stages.run("evaluate parent", evaluate, name, recipe.evaluate, model, dataset)
    small_measured = stages.run("evaluate child", evaluate, name, recipe.evaluate, small, dataset)

    parent = stages.run("register parent", register, name, model, measured, dataset, None, valid=version_exists)
    child = stages.run("register child", register, name, small, small_measured, dataset, parent, valid=version_exists)
    terms = Terms.of(recipe)
    for version in (parent, child):
        note_recipe(version, recipe.digest(), terms.model_dump_json(), background(recipe).model_dump_json())
    chain = only(recipe.compress, recipe.compress.steps).model_dump_json(exclude_unset=True)
    note_compression(child, parent, chain, deltas(terms, measured.metrics, small_measured.metrics))

    rival = champion_of(name, child)
    comparison = compared(name, recipe.evaluate, small, rival, dataset, stages)
    why = recipe.evaluate.explain
    explanation = stages.run("explain", explain, name, why, small, model, dataset) if why.rows else None
    evidence = Evidence(
        measured=small_measured,
        parent_measured=measured,
        comparison=comparison,
        explanation=explanation,
        tradeoff=weighed,
    )
    decision: Decision = stages.run(
        "gate",
        gate,
        recipe.gate,
        child,
        parent,
        data.told,
        evidence,
        rival,
        valid=lambda kept: stands(kept, child),
    )
    card = publish_card(child, dataset, evidence, without_places(recipe))  # always: what the registry says may change
    show_card(child)
    return Summary(
        recipe=name,
        run_id=str(runtime.flow_run.id),
        dataset=data.summary(),
        models=[
            ModelSummary(uri=parent.uri, alias="", metrics=measured.metrics),
            ModelSummary(uri=child.uri, alias=decision.alias, metrics=small_measured.metrics),
        ],
        gate=decision.verdict,
        stages=stages.done,
        prediction=decision.prediction,
        links=links(child.name, child.version, child.run_id) | {"card": card},
    )
