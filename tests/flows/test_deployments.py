from __future__ import annotations

import pytest

from flows.pipeline import pipeline
from flows.recipe import Recipe, load_recipe, recipe_names


@pytest.mark.parametrize("name", recipe_names())
def test_a_recipe_survives_the_form(name: str) -> None:
    """The server checks its JSON against the form's schema, where for instance a property `required` gets lost."""
    from prefect.utilities.callables import parameter_schema
    from prefect.utilities.schema_tools.validation import validate

    recipe = load_recipe(name)
    sent = recipe.model_dump(mode="json")
    schema = parameter_schema(pipeline).model_dump_for_openapi()
    validate({"recipe": sent}, schema, raise_on_error=True, ignore_required=True)
    assert Recipe.model_validate(sent) == recipe


@pytest.mark.parametrize("name", recipe_names())
def test_a_recipe_survives_the_form_of_a_search(name: str) -> None:
    from prefect.utilities.callables import parameter_schema
    from prefect.utilities.schema_tools.validation import validate

    from flows.tune import tune

    sent = {"recipe": load_recipe(name).model_dump(mode="json"), "trials": 5, "minutes": 1.5, "study": "a-b"}
    validate(sent, parameter_schema(tune).model_dump_for_openapi(), raise_on_error=True, ignore_required=True)


def test_a_search_for_a_small_model_survives_the_form() -> None:
    from prefect.utilities.callables import parameter_schema
    from prefect.utilities.schema_tools.validation import validate

    from flows.compress import compress
    from flows.compressing.plan import Plan, plan_for

    plan = plan_for("text_heads")
    sent = {
        "model": "models:/support@champion",
        "target": "size=2MB,max_loss=0.005",
        "minutes": 30,
        "recipe": "support",
        "plan": plan.model_dump(mode="json"),
    }
    validate(sent, parameter_schema(compress).model_dump_for_openapi(), raise_on_error=True, ignore_required=True)
    assert Plan.model_validate(sent["plan"]) == plan
