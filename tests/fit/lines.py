"""A small classifier of points that a line separates, and its training: 50 rows, 7 steps an epoch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from tasks.features.tabular import fit_tabular
from tasks.fit.batches import Batches, Examples
from tasks.fit.config import OptimizerOptions

ROWS, EPOCHS, STEPS = 50, 4, 28


class Killed(Exception):
    """What a test ends a training by."""


def kill_after(step: int) -> Any:
    """What ends a training once it has taken so many steps."""

    def kill(report: Any) -> None:
        if report.step == step:
            raise Killed

    return kill


def points(seed: int = 0, rows: int = ROWS) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Points (rows, 2), and 1 where their sum is above 0."""
    found = np.random.default_rng(seed).normal(size=(rows, 2)).astype(np.float32)
    return found, (found.sum(axis=1) > 0).astype(np.int32)


def examples(where: np.ndarray[Any, Any], labels: np.ndarray[Any, Any], **more: Any) -> Examples:
    """Points to learn from."""
    return Examples(lambda rows: labels[rows], lambda rows: {"numeric": where[rows]}, len(labels), **more)


def network(dropout: float = 0.3) -> Any:
    """Two numbers, eight hidden units, two classes."""
    from tasks.model.tabular import build_tabular

    where, _ = points()
    features = fit_tabular(pa.table({"x": where[:, 0], "y": where[:, 1]}), ["x", "y"], [])
    return build_tabular(features, classes=2, hidden_units=[8], dropout=dropout, seed=1)


def trainer(
    *,
    seed: int = 7,
    dropout: float = 0.3,
    batch_size: int = 8,
    learned: Examples | None = None,
    validation: Any = None,
    loss: Any = None,
    optimizer: dict[str, Any] | None = None,
    **plan: Any,
) -> Any:
    """A training of `EPOCHS` epochs with a checkpoint every 3 steps, but for what is said."""
    from tasks.fit.loop import FitPlan, Trainer
    from tasks.fit.losses import cross_entropy

    how = {"learning_rate": 0.05, "head_learning_rate": 0.05, **(optimizer or {})}
    options = {"epochs": EPOCHS, "checkpoint_steps": 3, "seed": seed, **plan}
    batches = Batches(learned or examples(*points()), batch_size, seed)
    planned = FitPlan(optimizer=OptimizerOptions.model_validate(how), **options)
    return Trainer(network(dropout), loss or cross_entropy(), batches, planned, validation)
