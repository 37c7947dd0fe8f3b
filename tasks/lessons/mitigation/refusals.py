"""Which options a training that treats groups alike can't have."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from infra.errors import RecipeError

if TYPE_CHECKING:
    from tasks.lessons.config import TrainOptions

UNBUILT = ("exponentiated_gradient", "threshold")
"""Methods after which a network is no longer what a recipe builds."""


def check_mitigation(options: TrainOptions) -> None:
    """Refuse what a training with a mitigation can't have. That private ones have none, `check_private` sees to.

    Raises:
        ValueError: the method does not go with the task, or with other options.
    """
    for subject, found, reason in _conflicts(options):
        raise ValueError(f"{subject}: found {found} with mitigation {options.mitigation.method}; {reason}")


def check_builder(options: TrainOptions) -> None:
    """Refuse to go on with a model whose network no builder builds.

    Raises:
        RecipeError: so it is.
    """
    if options.mitigation.method in UNBUILT:
        raise RecipeError(
            "compress.steps",
            found=f"a step that changes the network after train.mitigation {options.mitigation.method}, "
            "which has joined several or moved its thresholds",
            allowed="float32, float16, dynamic_range, int8, full_int8",
            action="Take one of these alone, or reweighing, balanced_sampling or adversarial in training.",
        )


def _conflicts(options: TrainOptions) -> Iterator[tuple[str, object, str]]:
    """Option, what was found, and why not, with what to do."""
    mitigation = options.mitigation
    if not mitigation.protected:
        yield "mitigation.protected", "none", "name the columns that say which group a row is of"
    elif len(set(mitigation.protected)) < len(mitigation.protected):
        yield "mitigation.protected", mitigation.protected, "name each column once"
    if "label" in mitigation.protected:
        yield "mitigation.protected", "label", "it is what is learned; name the columns of the group"
    if options.task not in ("tabular_classification", "text_classification"):
        yield "task", options.task, "groups are told labels; take a task of classification"
    if options.few_shot.enabled:
        yield "few_shot.enabled", True, "pairs join rows of several groups; leave it out"
    match mitigation.method:
        case "exponentiated_gradient":
            yield from _reduction_conflicts(options)
        case "adversarial":
            yield from _adversarial_conflicts(options)
        case "threshold":
            yield from _threshold_conflicts(options)


def _reduction_conflicts(options: TrainOptions) -> Iterator[tuple[str, object, str]]:
    if options.task != "tabular_classification":
        yield "task", options.task, "it trains dozens of networks; take reweighing or adversarial"
    if options.weight:
        yield "weight", repr(options.weight), "the reduction weighs rows itself; leave it out"
    if options.strategy == "parameter_server" or options.workers > 1:
        is_served = options.strategy == "parameter_server"
        found = options.strategy if is_served else options.workers
        yield "strategy" if is_served else "workers", found, "one process trains all networks; set workers to 1"


def _adversarial_conflicts(options: TrainOptions) -> Iterator[tuple[str, object, str]]:
    if options.strategy == "parameter_server":
        yield "strategy", options.strategy, "the adversary must move with the model; take multi_worker"
    if options.speed.precision != "float32":
        yield "speed.precision", options.speed.precision, "gradients are projected in float32; leave it out"
    if options.loss.consistency:
        yield "loss.consistency", options.loss.consistency, "the adversary sees one answer a row; leave it out"


def _threshold_conflicts(options: TrainOptions) -> Iterator[tuple[str, object, str]]:
    if options.task != "tabular_classification":
        yield "task", options.task, "a text model has no input for the group; take reweighing or adversarial"
    features = sorted(set(options.mitigation.protected) & {*options.numeric, *options.categorical})
    if features:
        yield "mitigation.protected", f"{features[0]}, a feature", "take it out of numeric and categorical"
