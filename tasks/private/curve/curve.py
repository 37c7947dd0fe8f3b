"""What trainings at several epsilons reach, by seeds: each run, and the median with the range of its seeds."""

from __future__ import annotations

import csv
import statistics
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from tasks.data.references import Reference
from tasks.dp.record import PrivacyRecord

TABLE, WHOLE, PICTURE = "curve.csv", "curve.json", "curve.png"


class CurveRef(Reference):
    """A directory with the curve as table, JSON and picture, and the MLflow run that has them too."""

    run_id: str


class Privacy(BaseModel):
    """What one training spent, of its record.

    Attributes:
        target: the epsilon that it was not to exceed.
        epsilon, epsilon_rdp: what it spent at `delta`.
    """

    model_config = ConfigDict(frozen=True)

    target: float
    epsilon: float
    epsilon_rdp: float
    delta: float
    noise_multiplier: float
    steps: int
    unit: Literal["example", "user"]

    @classmethod
    def of(cls, record: PrivacyRecord) -> Privacy:
        """From what a package says of itself."""
        ran = record.mechanism
        return cls(
            target=record.target_epsilon,
            noise_multiplier=ran.noise_multiplier,
            steps=ran.steps,
            **record.model_dump(include={"epsilon", "epsilon_rdp", "delta", "unit"}),
        )


class Run(BaseModel):
    """One training, and what it reached on the test split.

    Attributes:
        privacy: None where it had none.
        metrics: in the order in which they are told.
        model: digest of its package.
    """

    model_config = ConfigDict(frozen=True)

    seed: int
    privacy: Privacy | None
    metrics: dict[str, float]
    test_rows: int
    model: str
    run_id: str

    @property
    def target(self) -> float | None:
        """The epsilon that it was trained for; None: it was not private."""
        return self.privacy.target if self.privacy else None


class Point(BaseModel):
    """All seeds at one epsilon by one metric; `epsilon` None: without privacy."""

    model_config = ConfigDict(frozen=True)

    metric: str
    epsilon: float | None
    runs: int
    median: float
    low: float
    high: float


class UtilityCurve(BaseModel):
    """The curve.

    Attributes:
        dataset: digest of the version that was learned from.
        metrics: that are drawn; the recipe's primary one first.
        higher_is_better: of the primary one.
        coverage: probability that the median over all seeds lies between lowest and highest of so few.
    """

    model_config = ConfigDict(frozen=True)

    recipe: str
    dataset: str
    metrics: tuple[str, ...]
    higher_is_better: bool
    coverage: float
    points: tuple[Point, ...]
    runs: tuple[Run, ...]

    def of(self, metric: str) -> list[Point]:
        """The points of a metric that have an epsilon, the smallest first."""
        found = [point for point in self.points if point.metric == metric and point.epsilon is not None]
        return sorted(found, key=lambda point: point.epsilon or 0.0)

    def plain(self, metric: str) -> Point | None:
        """What is reached without privacy, if that was trained."""
        return next((each for each in self.points if each.metric == metric and each.epsilon is None), None)

    def figures(self) -> dict[str, float]:
        """The medians by name, as MLflow keeps them."""
        return {f"{point.metric}_{_at(point.epsilon)}": point.median for point in self.points}


def utility_curve(recipe: str, dataset: str, higher_is_better: bool, runs: Sequence[Run]) -> UtilityCurve:
    """The curve of runs that have the same metrics, and the same number of seeds at each epsilon."""
    metrics, targets = tuple(runs[0].metrics), list(dict.fromkeys(run.target for run in runs))
    points = tuple(_point(metric, target, runs) for metric in metrics for target in targets)
    return UtilityCurve(
        recipe=recipe,
        dataset=dataset,
        metrics=metrics,
        higher_is_better=higher_is_better,
        coverage=coverage(min(point.runs for point in points)),
        points=points,
        runs=tuple(runs),
    )


def coverage(runs: int) -> float:
    """Probability that the median of a continuous distribution lies between lowest and highest of independent draws.

    All lie on one side of it with 2 / 2^n (David and Nagaraja 2003, "Order statistics", section 7.1).
    """
    return float(1.0 - 2.0 ** (1 - runs))


def save_curve(curve: UtilityCurve, folder: Path) -> None:
    """Write a row for each run, and the whole as `load_curve` reads it."""
    rows = list(_rows(curve))
    with (folder / TABLE).open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    (folder / WHOLE).write_text(curve.model_dump_json(indent=2) + "\n", encoding="utf-8")


def load_curve(folder: Path) -> UtilityCurve:
    """The curve in a folder."""
    return UtilityCurve.model_validate_json((folder / WHOLE).read_text(encoding="utf-8"))


def _point(metric: str, target: float | None, runs: Sequence[Run]) -> Point:
    values = [run.metrics[metric] for run in runs if run.target == target]
    return Point(
        metric=metric,
        epsilon=target,
        runs=len(values),
        median=statistics.median(values),
        low=min(values),
        high=max(values),
    )


def _rows(curve: UtilityCurve) -> Iterator[dict[str, object]]:
    """Without privacy, what is told of it is empty."""
    told = [name for name in Privacy.model_fields if name != "target"]
    for run in curve.runs:
        privacy = run.privacy.model_dump() if run.privacy else {}
        yield {
            "target_epsilon": privacy.get("target", ""),
            "seed": run.seed,
            **{name: run.metrics[name] for name in curve.metrics},
            **{name: privacy.get(name, "") for name in told},
            "model": run.model,
            "run_id": run.run_id,
        }


def _at(epsilon: float | None) -> str:
    return "without_privacy" if epsilon is None else f"at_epsilon_{epsilon:g}"
