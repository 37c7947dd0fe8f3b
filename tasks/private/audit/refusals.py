"""What can't be audited, known before anything is read."""

from __future__ import annotations

from infra.errors import RecipeError
from tasks.lessons.config import TrainOptions
from tasks.options import Task
from tasks.private.audit.config import AuditOptions

WITH_CANARIES: tuple[Task, ...] = (
    "tabular_classification",
    "text_classification",
    "text_heads",
    "rating_prediction",
)
WITH_CLASSES: tuple[Task, ...] = ("tabular_classification", "text_classification")


def check_auditable(options: AuditOptions, train: TrainOptions) -> None:
    """Refuse trainings in which no row can be told from others by its own loss.

    Raises:
        RecipeError: it is such a one, or shadow models are asked for where rows have no class.
    """
    if train.task not in WITH_CANARIES:
        raise RecipeError(
            "train.task",
            found=train.task,
            allowed=", ".join(WITH_CANARIES),
            action="Audit a model that learns from each row by itself: here a row's loss hangs on others.",
        )
    if train.privacy.preprocessing == "spent":
        raise RecipeError(
            "train.privacy.preprocessing",
            found="spent",
            allowed="public: an audit's canaries are categories that a noisy count would leave out",
            action="Audit the same recipe with preprocessing public, and without train.privacy.bounds and classes.",
        )
    if train.few_shot.enabled:
        raise RecipeError(
            "train.few_shot",
            found="enabled",
            allowed="one example of each row: of pairs it can't be said whether a row was learned from",
            action="Audit a training without it.",
        )
    if options.shadows and train.task not in WITH_CLASSES:
        raise RecipeError(
            "--shadows",
            found=f"{options.shadows} with {train.task}",
            allowed=", ".join(WITH_CLASSES),
            action="Leave it at 0: the other attacks need no classes.",
        )
