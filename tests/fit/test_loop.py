"""The training loop on one process."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from infra.errors import TrainingError
from tasks.features.tabular import fit_tabular
from tasks.fit.batches import Batches, Examples
from tasks.fit.checkpoints import Checkpoints
from tasks.fit.config import OptimizerOptions

ROWS, EPOCHS = 50, 4


def trainer(seed: int = 7, checkpoint_steps: int = 3, targets: Any = None, rate: float = 0.05) -> Any:
    """A small classifier with dropout, on points that a line separates; 7 steps an epoch."""
    from tasks.fit.loop import FitPlan, Trainer
    from tasks.fit.losses import cross_entropy
    from tasks.model.tabular import build_tabular

    points = np.random.default_rng(0).normal(size=(ROWS, 2)).astype(np.float32)
    labels = (points.sum(axis=1) > 0).astype(np.int32)
    examples = Examples(lambda rows: labels[rows], lambda rows: {"numeric": points[rows]}, ROWS)
    features = fit_tabular(pa.table({"x": points[:, 0], "y": points[:, 1]}), ["x", "y"], [])
    network = build_tabular(features, classes=2, hidden_units=[8], dropout=0.3, seed=1)
    plan = FitPlan(
        epochs=EPOCHS,
        optimizer=OptimizerOptions(learning_rate=rate, head_learning_rate=rate),
        checkpoint_steps=checkpoint_steps,
        seed=seed,
    )
    return Trainer(network, cross_entropy(), Batches(examples, 8, seed), plan)


def test_it_learns_and_reports_every_step() -> None:
    reports: list[Any] = []
    made = trainer()

    last = made.fit(on_step=reports.append)

    assert [report.step for report in reports] == list(range(1, 29))
    assert {report.total for report in reports} == {28}
    assert [report.epoch for report in reports] == [1] * 7 + [2] * 7 + [3] * 7 + [4] * 7
    assert last == pytest.approx(np.mean([report.loss for report in reports[-7:]]))
    assert last < 0.5 * reports[0].loss
    assert all(report.samples_per_second > 0 for report in reports)


def test_the_step_is_compiled_once_for_batches_of_any_size() -> None:
    made = trainer()
    made.fit()  # the last batch of each epoch has 2 rows, the others 8

    assert made.run_step.experimental_get_tracing_count() == 1


def test_a_resumed_training_equals_an_undisturbed_one(tmp_path: Path) -> None:
    undisturbed = trainer()
    loss = undisturbed.fit()

    class Killed(Exception):
        pass

    def kill_at_17(report: Any) -> None:
        if report.step == 17:
            raise Killed

    with pytest.raises(Killed):
        trainer().fit(Checkpoints(tmp_path, "me"), on_step=kill_at_17)
    seen: list[int] = []
    resumed = trainer()
    resumed_loss = resumed.fit(Checkpoints(tmp_path, "me"), on_step=lambda report: seen.append(report.step))

    assert resumed_loss == pytest.approx(loss)
    assert seen[0] == 16  # the checkpoint of step 15
    for weight, expected in zip(resumed.model.get_weights(), undisturbed.model.get_weights(), strict=True):
        np.testing.assert_allclose(weight, expected, atol=1e-6)


def test_only_the_chief_writes_checkpoints(tmp_path: Path) -> None:
    trainer().fit(Checkpoints(tmp_path, "me"), chief=False)

    assert not list(tmp_path.iterdir())


def test_a_finished_training_does_nothing_more(tmp_path: Path) -> None:
    loss = trainer(checkpoint_steps=100).fit(Checkpoints(tmp_path, "me"))
    seen: list[int] = []

    assert trainer().fit(Checkpoints(tmp_path, "me"), on_step=lambda report: seen.append(report.step)) == loss
    assert seen == []


def test_another_seed_makes_another_model() -> None:
    first, second = trainer(seed=1), trainer(seed=2)
    first.fit()
    second.fit()

    assert np.abs(first.model.get_weights()[0] - second.model.get_weights()[0]).max() > 1e-3


def test_a_loss_that_is_no_number_stops_at_once() -> None:
    seen: list[int] = []

    words = r"found 1e\+38, and a loss of (nan|inf) at step \d+ of 28; .* Lower the rate"
    with pytest.raises(TrainingError, match=words):
        trainer(rate=1e38).fit(on_step=lambda report: seen.append(report.step))

    assert len(seen) < 5
