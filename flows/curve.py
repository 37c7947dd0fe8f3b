"""Utility against epsilon: one recipe trained at several budgets with several seeds, and without privacy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

from prefect import flow
from pydantic import Field

from flows.prepare import prepared
from flows.recipe import Recipe
from flows.spending import all_paid, is_public, trained
from flows.stages import Stages
from flows.start import starting_point
from flows.summary import Frozen
from infra.disk import disk_errors
from infra.environment import configure
from infra.errors import RecipeError
from infra.progress import Progress, report
from infra.stores.lock import home_lock
from infra.stores.tracking import connect, links
from tasks.data.references import DatasetRef, EvaluationRef, ModelRef
from tasks.dp.config import PrivacyOptions
from tasks.dp.record import load_record
from tasks.evaluate.steps import evaluate
from tasks.lessons.start import StartRef
from tasks.private.curve.curve import Privacy, Run, UtilityCurve, load_curve, utility_curve
from tasks.private.steps import record_curve

MOST_EPSILONS, MOST_SEEDS, MOST_EPSILON = 20, 50, 100.0
Epsilon = Annotated[float, Field(gt=0, le=MOST_EPSILON)]
Epsilons = Annotated[
    list[Epsilon], Field(min_length=1, max_length=MOST_EPSILONS, description="What each training may spend.")
]
Seeds = Annotated[int, Field(ge=1, le=MOST_SEEDS, description="Trainings at each epsilon, with seeds of their own.")]


class CurveSummary(Frozen):
    """A curve, as `--json` prints it."""

    run_id: str
    cached: bool
    curve: UtilityCurve
    files: dict[str, str]
    links: dict[str, str]


@flow(name="curve", flow_run_name="curve-{recipe.name}", validate_parameters=True, persist_result=False)
def curve(recipe: Recipe, epsilons: Epsilons, seeds: Seeds = 3) -> CurveSummary:
    """Train a recipe at each epsilon with each seed, and measure all. The same call goes on where one was killed."""
    configure()
    connect()
    check_private(recipe)
    with home_lock(recipe.name), disk_errors(f"curve of {recipe.name}"):
        stages, start = Stages(), starting_point(recipe.train)
        dataset = prepared(recipe, stages).dataset
        private = private_recipes(recipe, sorted(set(epsilons)), seeds)
        with all_paid(private, dataset, start, f"curve of {recipe.name}, {len(private)} trainings together"):
            plain = plain_recipes(recipe, seeds) if is_public(dataset) else []
            runs = _measured([*plain, *private], dataset, start, stages)
        found = utility_curve(recipe.name, dataset.digest, recipe.gate.higher_is_better, runs)
        made = stages.run("record curve", record_curve, recipe.name, found)
    return CurveSummary(
        run_id=made.run_id,
        cached=all(one.cached for one in stages.done),
        curve=load_curve(Path(made.path)),
        files={file.suffix[1:]: str(file) for file in sorted(Path(made.path).iterdir())},
        links={name: link for name, link in links("", "", made.run_id).items() if name != "model"},
    )


def check_private(recipe: Recipe) -> None:
    """Refuse a recipe whose privacy is not one of a target.

    Raises:
        RecipeError: it trains without privacy, with noise that is given, or with noise that anybody can compute.
    """
    privacy = recipe.train.privacy
    if not privacy.target_epsilon:
        raise RecipeError(
            "train.privacy",
            found=f"noise_multiplier {privacy.noise_multiplier:g}" if privacy.is_on else "no privacy",
            allowed="a target_epsilon above 0, whose place each epsilon of the curve takes",
            action="Set train.privacy.target_epsilon=1 and train.privacy.preprocessing=public.",
        )
    if privacy.seeded_noise:
        raise RecipeError(
            "train.privacy.seeded_noise",
            found="true",
            allowed="noise of the operating system, of which each training of a curve has its own",
            action="Leave it out.",
        )


def private_recipes(recipe: Recipe, epsilons: Sequence[float], seeds: int) -> list[Recipe]:
    """The recipe at each epsilon with each seed, from its own one on."""
    return [
        _with(recipe, seed, recipe.train.privacy.model_copy(update={"target_epsilon": epsilon}))
        for epsilon in epsilons
        for seed in _seeds(recipe, seeds)
    ]


def plain_recipes(recipe: Recipe, seeds: int) -> list[Recipe]:
    """The recipe without privacy, and otherwise the same, with each seed."""
    return [_with(recipe, seed, PrivacyOptions()) for seed in _seeds(recipe, seeds)]


def metrics_of(recipe: Recipe, measured: Mapping[str, float]) -> list[str]:
    """What is drawn: the metric that the gate compares by, and accuracy where it is measured.

    Raises:
        RecipeError: the former is not measured.
    """
    primary = recipe.gate.primary_metric
    if primary not in measured:
        raise RecipeError(
            "gate.primary_metric",
            found=primary,
            allowed=", ".join(sorted(measured)),
            action="Name a metric that the evaluation of this task measures.",
        )
    return list(dict.fromkeys(name for name in (primary, "accuracy") if name in measured))


def _seeds(recipe: Recipe, seeds: int) -> range:
    return range(recipe.train.seed, recipe.train.seed + seeds)


def _with(recipe: Recipe, seed: int, privacy: PrivacyOptions) -> Recipe:
    train = recipe.train.model_copy(update={"seed": seed, "privacy": privacy})
    return recipe.model_copy(update={"train": train})


def _measured(recipes: Sequence[Recipe], dataset: DatasetRef, start: StartRef | None, stages: Stages) -> list[Run]:
    """Each trained and measured on the test split, one after another."""
    runs = []
    for place, one in enumerate(recipes):
        epsilon = one.train.privacy.target_epsilon
        said = f"epsilon {epsilon:g}" if epsilon else "without privacy"
        report(Progress("curve", place, len(recipes), f"{said}, seed {one.train.seed}: {place + 1} of {len(recipes)}"))
        model = trained(one, dataset, start, stages)
        runs.append(_run(one, model, stages.run("evaluate", evaluate, one.name, one.evaluate, model, dataset)))
    report(Progress("curve", 1, 1))
    return runs


def _run(recipe: Recipe, model: ModelRef, measured: EvaluationRef) -> Run:
    record = load_record(Path(model.path))
    return Run(
        seed=recipe.train.seed,
        privacy=Privacy.of(record) if record else None,
        metrics={name: measured.metrics[name] for name in metrics_of(recipe, measured.metrics)},
        test_rows=int(measured.metrics["rows"]),
        model=model.digest,
        run_id=model.run_id,
    )
