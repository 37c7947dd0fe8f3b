"""How a package's model was trained, for whoever trains it further."""

from __future__ import annotations

from pathlib import Path

from infra.errors import RecipeError
from tasks.lessons.config import TrainOptions

TRAINING = "training.json"


def save_training(options: TrainOptions, package: Path) -> None:
    """Write what `load_training` reads."""
    (package / TRAINING).write_text(options.model_dump_json(indent=2) + "\n", encoding="utf-8")


def load_training(package: Path) -> TrainOptions:
    """The options of a package's training.

    Raises:
        RecipeError: it keeps none, or such as this version does not know.
    """
    try:
        return TrainOptions.model_validate_json((package / TRAINING).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        reason = "no" if isinstance(error, FileNotFoundError) else "an unreadable"
        raise RecipeError(
            f"model package {package}",
            found=f"{reason} {TRAINING}",
            allowed="a model that this version trained",
            action="Train it again.",
        ) from None
