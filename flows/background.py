"""What a recipe says of its model and its data, for card and data sheet."""

from __future__ import annotations

from flows.recipe import Recipe
from flows.yaml_text import write_yaml
from tasks.ingest.sources.samples import SAMPLES
from tasks.register.card.background import Background


def background(recipe: Recipe) -> Background:
    """In the recipe's own words; what it does to the data in ours."""
    samples = [recipe.ingest.sample, *(source.sample for source in recipe.ingest.sources)]
    return Background(
        recipe=recipe.name,
        purpose=recipe.description,
        owner=recipe.owner,
        intended_use=recipe.intended_use,
        limits=tuple(recipe.limits),
        licence="; ".join(sample.files.terms for sample in SAMPLES if sample.name in samples),
        rules=tuple(recipe.clean.rules),
        labelling=_labelling(recipe),
        augmentation=", ".join(item.method for item in recipe.augment.methods),
        protected=tuple(recipe.evaluate.fairness.protected),
    )


def _labelling(recipe: Recipe) -> str:
    weak = recipe.label.weak
    functions = len(weak.keywords) + len(weak.patterns) + len(weak.lexicons) + len(weak.functions)
    said = [
        *(["answers of people"] if recipe.label.people.use else []),
        *([f"{functions} labelling functions"] if functions else []),
    ]
    return f"the source's, and {' and '.join(said)}" if said else ""


def without_places(recipe: Recipe) -> str:
    """The recipe in YAML as its author set it, but not where its sources lie: addresses may hold passwords."""
    content = recipe.model_copy(update={"ingest": recipe.ingest.without_places()})
    heading = "# Set ingest.path, or the url of a database, to where the sources lie. A sample needs neither.\n"
    return heading + write_yaml(content.model_dump(mode="json", exclude_unset=True))
