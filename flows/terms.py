"""How the models of a recipe are measured and judged: noted beside each version, for whoever makes others of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

from pydantic import Field, ValidationError

from flows.recipe import Recipe, load_recipe, recipe_names
from infra.errors import NotFoundError
from tasks.evaluate.config import EvaluateOptions
from tasks.options import Options
from tasks.register.config import GateOptions


class Terms(Options):
    """Those sections of a recipe that hold for a model whatever it was made by."""

    evaluate: EvaluateOptions = Field(description="How models are measured.")
    gate: GateOptions = Field(description="What a model must reach to be promoted.")

    @classmethod
    def of(cls, recipe: Recipe) -> Self:
        """The terms of a recipe."""
        return cls(evaluate=recipe.evaluate, gate=recipe.gate)


def terms_for(name: str, noted: str, recipe: str = "") -> Terms:
    """The terms of the recipe that a person names, else those that were noted, else those of the recipe `name`.

    Args:
        name: of the model.
        noted: in JSON; empty, or such as this version does not know: the model is older.

    Raises:
        RecipeError: the recipe can't be read.
        NotFoundError: none are known.
    """
    if recipe:
        return Terms.of(load_recipe(recipe))
    try:
        return Terms.model_validate_json(noted)
    except ValidationError:
        if name in recipe_names():
            return Terms.of(load_recipe(name))
        raise NotFoundError(
            f"recipe of the model {name}",
            found="none noted with it that this version can read",
            allowed="a recipe, which says how models are measured and what they must reach",
            action="Name it by --recipe, or run it again.",
        ) from None


def deltas(terms: Terms, parent: Mapping[str, float], child: Mapping[str, float]) -> dict[str, float]:
    """Child less parent: of size and latency, and of what the gate looks at."""
    gate = terms.gate
    names = ["size_mb", "gzip_mb", "latency_p50_ms", "log_loss", gate.primary_metric]
    names += [threshold.metric for threshold in gate.thresholds]
    return {name: child[name] - parent[name] for name in dict.fromkeys(names) if name in child and name in parent}
