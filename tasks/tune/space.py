"""The space of a search: whether its options are there, and points of it as a recipe's values."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from pydantic import BaseModel

from tasks.options import Options
from tasks.tune.config import SearchRange, TuneOptions

if TYPE_CHECKING:
    from optuna import Trial

Point = Mapping[str, float | int | str]
"""Values by option, as the sampler has them; choices are texts."""
FIXED = (
    "train.task",
    "train.validation_share",
    "train.seed",
    "train.strategy",
    "train.workers",
    "train.start_from",
    "train.encoder.weights",
    "train.few_shot.enabled",
)
"""Options that make trials no matter of better or worse, or that are resolved once for all of them."""


def check_space(options: TuneOptions, train: Options) -> None:
    """Raises ValueError where the space names what `train` has not, or what can't be searched over."""
    for place, one in enumerate(options.space):
        subject = f"tune.space.{place}.option"
        if one.option in FIXED:
            raise ValueError(f"{subject}: found {one.option}; it is the same in all trials, leave it out")
        if options.metric == "val_loss" and one.option.startswith("train.loss."):
            raise ValueError(f"{subject}: found {one.option}, which val_loss is made of; take another tune.metric")
        if one.option == "train.batch_size" and getattr(train, "task", "") == "text_retrieval":
            raise ValueError(f"{subject}: found {one.option}; answers are ranked within a batch, leave it out")
        value = _value(subject, one.option, train)
        is_whole = isinstance(value, int) and not isinstance(value, bool)
        if is_whole and one.kind == "number" and not (one.step and one.step.is_integer() and one.low.is_integer()):
            raise ValueError(f"tune.space.{place}.kind: found number for a whole {one.option}; set kind to whole")


def draw(trial: Trial, space: Sequence[SearchRange]) -> dict[str, str]:
    """A point for the trial: the value of each option as text that a recipe could have."""
    return {one.option: _text(_draw(trial, one)) for one in space}


def texts(point: Point) -> dict[str, str]:
    """Values as texts that a recipe could have."""
    return {option: _text(value) for option, value in point.items()}


def point_of(train: Options, space: Sequence[SearchRange], read: Callable[[str], object]) -> dict[str, float | str]:
    """Where in the space the options `train` are, or nothing if they lie outside.

    Args:
        read: the value that a choice's text stands for.
    """
    found: dict[str, float | str] = {}
    for one in space:
        value = _value("", one.option, train)
        if one.kind == "choice":
            found.update((one.option, text) for text in one.choices if read(text) == value)
        elif isinstance(value, int | float) and one.low <= value <= one.high:
            steps = (value - one.low) / one.step if one.step else 0.0
            if abs(steps - round(steps)) < 1e-9:
                found[one.option] = value
    return found if len(found) == len(space) else {}


def highest(space: Sequence[SearchRange], option: str, otherwise: int) -> int:
    """The most that an option of whole numbers may become in the space."""
    for one in space:
        if one.option == option:
            return max(int(text) for text in one.choices) if one.kind == "choice" else int(one.high)
    return otherwise


def _draw(trial: Trial, one: SearchRange) -> float | int | str:
    if one.kind == "choice":
        return trial.suggest_categorical(one.option, one.choices)
    if one.kind == "whole":
        return trial.suggest_int(one.option, int(one.low), int(one.high), step=int(one.step) or 1, log=one.log)
    return trial.suggest_float(one.option, one.low, one.high, step=one.step or None, log=one.log)


def _text(value: float | int | str) -> str:
    if isinstance(value, str):
        return value
    return str(int(value)) if float(value).is_integer() else repr(float(value))


def _value(subject: str, option: str, train: Options) -> object:
    """The option's value, found name by name."""
    value: object = train
    for part in option.split(".")[1:]:
        names = list(type(value).model_fields) if isinstance(value, BaseModel) else []
        if isinstance(value, list) and part.isdigit() and int(part) < len(value):
            value = value[int(part)]
        elif part in names:
            value = getattr(value, part)
        else:
            raise ValueError(f"{subject}: found {option}, which is no option; allowed there: {', '.join(names) or '-'}")
    if isinstance(value, BaseModel):
        raise ValueError(f"{subject}: found {option}, a group; name one of {', '.join(type(value).model_fields)}")
    return value
