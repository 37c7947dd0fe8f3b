"""Private training of a lesson: which options it can't have, and what it is to run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from infra.errors import RecipeError

if TYPE_CHECKING:
    from tasks.data.references import Reference
    from tasks.dp.plan import PrivatePlan
    from tasks.lessons.config import TrainOptions


def check_private(options: TrainOptions) -> None:
    """Refuse what a private training can't have.

    Raises:
        ValueError: one row would have a say in what is learned of others, or what is done to rows is not accounted.
    """
    for subject, found, reason in _conflicts(options):
        raise ValueError(f"{subject}: found {found} with privacy; {reason}")


def planned(options: TrainOptions, dataset: Reference) -> PrivatePlan:
    """What a private training on the train split of a data set version is to run; nothing is encoded or learned.

    Raises:
        RecipeError: delta is not below 1/n.
        DataError: columns are missing, or rows don't say whose they are.
    """
    from tasks.lessons.material import learned_rows, person_count, read_train_rows

    learned = learned_rows(options, read_train_rows(options, dataset))
    return plan_of(options, learned.num_rows, person_count(options, learned))


def plan_of(options: TrainOptions, rows: int, persons: int) -> PrivatePlan:
    """What a private training on so many rows is to run, with the preprocessing that is spent for.

    Raises:
        RecipeError: delta is not below 1/n.
        BudgetError: no noise keeps the target.
    """
    from tasks.dp.plan import delta_of, plan_training, spent_on_features
    from tasks.dp.statistics.preprocessing import cost

    privacy, settled = options.privacy, (options.batch_size, options.epochs, rows, persons)
    if privacy.preprocessing != "spent":
        return plan_training(privacy, *settled)
    share = spent_on_features(privacy, delta_of(privacy, persons))
    return plan_training(privacy, *settled, cost(len(options.numeric), len(options.categorical), *share))


def check_start(start: Path | None, dataset_digest: str) -> None:
    """Refuse to go on from a model that learned of rows which are to be protected now.

    Raises:
        RecipeError: so it is, as far as its package tells.
    """
    from tasks.dp.record import PRIVACY
    from tasks.lessons.start import is_package
    from tasks.runtime.package import read_manifest

    if start is None or not is_package(start):
        return
    if (start / PRIVACY).exists():
        found = f"{start}, which was trained privately: what both trainings spend is more than this one tells"
    elif read_manifest(start).dataset_digest == dataset_digest:
        found = f"{start}, which learned from the same rows without privacy"
    else:
        return
    raise RecipeError(
        "train.start_from",
        found=found,
        allowed="with privacy a model of public data, or none",
        action="Start anew.",
    )


def _conflicts(options: TrainOptions) -> Iterator[tuple[str, object, str]]:
    """Option, what was found, and why not, with what to do."""
    if options.task == "text_retrieval":
        yield "task", options.task, "each row's loss looks at the other rows' answers; take another task"
    if options.task == "item_ranking":
        yield "task", options.task, "which items count as not taken follows from other rows; take rating_prediction"
    if options.few_shot.enabled:
        yield "few_shot.enabled", True, "pairs join two rows, and the head is fitted without noise; leave it out"
    if options.head_start.enabled:
        yield "head_start.enabled", True, "the head would be fitted to the rows without noise; leave it out"
    if options.mitigation.is_on:
        yield "mitigation.method", options.mitigation.method, "what is done to rows follows from others; leave it out"
    if options.weight:
        yield "weight", repr(options.weight), "weights are scaled by the mean over all rows; leave it out"
    if options.stopping.patience:
        yield (
            "stopping.patience",
            options.stopping.patience,
            "when to stop would follow from rows held back, at no account; leave it out",
        )
    if options.strategy == "parameter_server" or options.workers > 1:
        found = options.strategy if options.strategy == "parameter_server" else f"{options.workers}"
        yield (
            "strategy" if options.strategy == "parameter_server" else "workers",
            found,
            "noise is added once, by one process; set workers to 1 and strategy to single",
        )
    if options.speed.precision != "float32" or options.speed.xla == "on":
        name, found = ("xla", "on") if options.speed.xla == "on" else ("precision", options.speed.precision)
        yield f"speed.{name}", found, "private steps are computed in float32 without XLA; leave it out"
    if options.privacy.preprocessing == "spent":
        yield from _spent_conflicts(options)


def _spent_conflicts(options: TrainOptions) -> Iterator[tuple[str, object, str]]:
    """The same of preprocessing that is spent for."""
    if options.task != "tabular_classification":
        yield (
            "privacy.preprocessing",
            f"spent and {options.task}",
            "noisy statistics make features of tabular_classification alone; set it to public, if it is so",
        )
    bounded, numeric = [bounds.column for bounds in options.privacy.bounds], ", ".join(options.numeric) or "none"
    if sorted(set(bounded)) != sorted(options.numeric) or len(set(bounded)) < len(bounded):
        yield (
            "privacy.bounds",
            f"those of {', '.join(bounded) or 'no column'}",
            f"preprocessing spent needs them once for each column of train.numeric: {numeric}",
        )
    if options.rare_rows > 1:
        yield "rare_rows", options.rare_rows, "preprocessing spent leaves rare categories out by itself; leave it at 1"
    if options.start_from:
        yield "start_from", options.start_from, "a model brings its own features; set preprocessing to public"
