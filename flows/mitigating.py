"""The recipe's training beside others of the same recipe, that do something else against differences of groups."""

from __future__ import annotations

import logging

from flows.recipe import Recipe
from flows.spending import trained
from flows.stages import Stages
from tasks.data.references import DatasetRef, ModelRef, Reference
from tasks.evaluate.fairness.spec import Way
from tasks.evaluate.steps import tradeoff
from tasks.lessons.start import StartRef

log = logging.getLogger(__name__)


def weighed_up(
    recipe: Recipe, dataset: DatasetRef, start: StartRef | None, model: ModelRef, stages: Stages
) -> Reference | None:
    """The folder with `tradeoff.json`: accuracy against disparity of the ways that the recipe compares, on test rows.

    Each is a training like the recipe's own, kept and found again; None: the recipe compares none, or is private, so
    that others would tell what its own must not.

    Raises:
        BudgetError: the data has a privacy budget.
        LeptonError: whatever ended a training.
    """
    chosen = recipe.train.mitigation.method
    if not recipe.mitigate.compare:
        return None
    if recipe.train.privacy.is_on:
        log.warning("mitigate.compare is left out: its trainings would not be private, and train.privacy is on")
        return None
    ways = []
    for method in recipe.mitigate.ways(chosen):
        if method == chosen:
            made = model
        else:
            other = recipe.model_copy(update={"train": recipe.train.mitigated_by(method)})
            made = trained(other, dataset, start, stages, f"train {method}")
        ways.append(Way(mitigation=method, model=made, is_chosen=method == chosen))
    return stages.run("trade-off", tradeoff, recipe.name, recipe.evaluate, ways, dataset)
