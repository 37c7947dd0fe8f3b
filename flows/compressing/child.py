"""A compressed model of a search, with what it is compared by."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from flows.compressing.classes import ClassLoss
from flows.compressing.target import Figures
from flows.terms import Terms
from tasks.data.references import VersionRef
from tasks.register.steps.gate import Judgement


@dataclass(frozen=True)
class Child:
    """A model that was measured, registered and judged.

    Attributes:
        worst: the class that lost the most; None: the model tells no classes.
        rival: the version that it was compared with as champion, if there is another.
    """

    version: VersionRef
    metrics: Mapping[str, float]
    figures: Figures
    worst: ClassLoss | None
    judged: Judgement
    rival: VersionRef | None


def figures(
    terms: Terms, parent: Mapping[str, float], metrics: Mapping[str, float], worst: ClassLoss | None
) -> Figures:
    """What a model is compared by, out of what an evaluation measures."""
    metric, sign = terms.gate.primary_metric, 1.0 if terms.gate.higher_is_better else -1.0
    return Figures(
        gzip_mb=metrics["gzip_mb"],
        size_mb=metrics["size_mb"],
        latency_ms=metrics["latency_p50_ms"],
        loss=sign * (parent.get(metric, math.nan) - metrics.get(metric, math.nan)),
        class_loss=worst.loss if worst else None,
    )
