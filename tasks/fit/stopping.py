"""When a training ends before its last epoch: a function of what was measured so far, so that a resumed one agrees."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from infra.errors import TrainingError
from tasks.fit.config import StoppingOptions

LOWER_IS_BETTER = ("loss", "rmse", "mae", "log_loss")


@dataclass(frozen=True)
class Verdict:
    """What measurements say.

    Attributes:
        best: place of the best one; -1 where none is a number.
        is_over: whether as many as the patience came after it.
    """

    best: int
    is_over: bool


def judge(values: Sequence[float], options: StoppingOptions) -> Verdict:
    """The verdict on all measurements of the metric so far, in order.

    One is better only by more than `minimum_gain`; one that is no number never is.
    """
    sign = -1.0 if is_lower_better(options.metric) else 1.0
    best, height = -1, -math.inf
    for place, value in enumerate(values):
        gain = sign * value - height
        if math.isfinite(value) and (best < 0 or gain > options.minimum_gain):
            best, height = place, sign * value
    waited = len(values) - 1 - best
    return Verdict(best, bool(options.patience) and waited >= options.patience)


def is_lower_better(metric: str) -> bool:
    """Whether less of a metric is better; also of one head's, such as `price_rmse`."""
    return any(metric == name or metric.endswith(f"_{name}") for name in LOWER_IS_BETTER)


def check_metric(metric: str, measured: Sequence[str]) -> None:
    """Refuse a metric that is not measured.

    Raises:
        TrainingError: so it is.
    """
    if metric not in measured:
        raise TrainingError(
            "train.stopping.metric",
            found=metric,
            allowed=", ".join(measured),
            action="Name one that this task measures.",
        )
