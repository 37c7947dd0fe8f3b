"""The training loop on one process."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from infra.errors import MachineError, TrainingError
from tasks.fit.checkpoints import Checkpoints
from tests.fit.lines import EPOCHS, ROWS, STEPS, Killed, examples, kill_after, points, trainer


def summed(loss: Any) -> Any:
    """A loss of one number a row, over both outputs."""

    def both(outputs: Any, targets: Any, weights: Any, total: Any) -> Any:
        return sum(loss(outputs[:, place], targets[:, place], weights, total) for place in (0, 1))

    return both


def test_it_learns_and_reports_every_step() -> None:
    reports: list[Any] = []
    made = trainer(optimizer={"clip_norm": 0.3})

    last = made.fit(on_step=reports.append)

    assert [report.step for report in reports] == list(range(1, STEPS + 1))
    assert {report.total for report in reports} == {STEPS}
    assert [report.epoch for report in reports] == [1] * 7 + [2] * 7 + [3] * 7 + [4] * 7
    assert last == pytest.approx(np.mean([report.loss for report in reports[-7:]]))
    assert last < 0.5 * reports[0].loss
    assert all(report.samples_per_second > 0 for report in reports)
    assert all(0 <= report.data_wait_share <= 1 and report.peak_memory_mb > 50 for report in reports)
    too_long = [report.gradient_norm > 0.3 for report in reports]
    assert 0 < sum(too_long) < STEPS
    assert reports[-1].clipped_share == pytest.approx(np.mean(too_long))
    assert made.summary()["steps"] == made.summary()["exported_step"] == STEPS


def test_the_step_is_traced_once_for_batches_of_any_size() -> None:
    made = trainer()
    made.fit()  # the last batch of each epoch has 2 rows, the others 8

    assert made.step.plain.experimental_get_tracing_count() == 1


@pytest.mark.parametrize(
    "optimizer", [{"average_decay": 0.9}, {"average_epochs": 2, "name": "rmsprop", "schedule": "cosine"}]
)
def test_a_resumed_training_equals_an_undisturbed_one_bit_for_bit(tmp_path: Path, optimizer: dict[str, Any]) -> None:
    undisturbed = trainer(optimizer=optimizer)
    loss = undisturbed.fit()

    with pytest.raises(Killed):
        trainer(optimizer=optimizer).fit(Checkpoints(tmp_path, "me"), on_step=kill_after(17))
    seen: list[int] = []
    resumed = trainer(optimizer=optimizer)
    resumed_loss = resumed.fit(Checkpoints(tmp_path, "me"), on_step=lambda report: seen.append(report.step))

    assert resumed_loss == loss
    assert seen[0] == 16  # the checkpoint of step 15
    for weight, expected in zip(resumed.model.get_weights(), undisturbed.model.get_weights(), strict=True):
        np.testing.assert_array_equal(weight, expected)


@pytest.mark.parametrize("prefetch", [0, 3])
def test_batches_made_ahead_are_the_same(prefetch: int) -> None:
    from tasks.fit.config import SpeedOptions

    made, other = trainer(), trainer(speed=SpeedOptions(prefetch_batches=prefetch))

    assert made.fit() == other.fit()


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


def test_a_batch_larger_than_the_data_is_all_of_it(caplog: pytest.LogCaptureFixture) -> None:
    made = trainer(batch_size=1000)
    with caplog.at_level(logging.INFO):
        made.fit()

    assert made.total == EPOCHS
    assert caplog.text.count(f"a batch of 1000 takes in all {ROWS} rows") == 1


def test_a_loss_that_is_no_number_names_its_rows_and_leaves_the_last_checkpoint(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    from tasks.fit.losses import squared_error

    where, _ = points()
    ratings = where.copy()
    ids = np.array([f"id-{row}" for row in range(ROWS)])
    made = trainer(learned=examples(where, ratings, ids=ids), loss=summed(squared_error), checkpoint_steps=1)
    bad = next(step for step in range(2, 7) if len(made.batches.rows(step)) == 8)
    culprit = made.batches.rows(bad)[6]
    ratings[culprit] = np.nan

    words = rf"found 0.05, and a loss of nan at step {bad + 1} of 28, of the rows (id-\d+, ){{4}}id-\d+ and 3 more; "
    with pytest.raises(TrainingError, match=words + ".* Lower the rate"):
        made.fit(Checkpoints(tmp_path, "me"))

    assert f"id-{culprit}" in caplog.text
    last = Checkpoints(tmp_path, "me").last()
    assert last is not None and last.step == bad
    assert all(np.isfinite(value).all() for value in last.state.values())


def test_gradients_that_are_no_number_stop_a_training_whose_loss_is_one() -> None:
    import tensorflow as tf

    def steep(outputs: Any, _targets: Any, weights: Any, total: Any) -> Any:
        return tf.reduce_sum(tf.sqrt(tf.reduce_sum(outputs, axis=1) * 0.0) * weights) / total  # its slope at 0 is inf

    with pytest.raises(TrainingError, match="gradients that are no numbers at step 1 of 28, of the rows"):
        trainer(loss=steep).fit()


@pytest.mark.slow
def test_when_memory_runs_out_the_error_says_what_fits() -> None:
    """TensorFlow waits for ten seconds for memory that is not there."""
    import tensorflow as tf

    from tasks.fit.losses import cross_entropy

    def huge(outputs: Any, targets: Any, weights: Any, total: Any) -> Any:
        rows = tf.shape(weights, tf.int64)[0]
        numbers = tf.where(rows > 2, tf.constant(2**50, tf.int64), tf.constant(1, tf.int64))
        waste = tf.reduce_mean(tf.random.stateless_uniform([numbers], [1, 2]))
        return cross_entropy()(outputs, targets, weights, total) + waste

    words = (
        r"train.batch_size: found 8, for which memory ran out at step 1; allowed: 2 or less, which was tried and fits"
    )
    with pytest.raises(MachineError, match=words + r"\. Set it to 2, or .*accumulate_steps=4\."):
        trainer(loss=huge).fit()
    whole = trainer(loss=huge, optimizer={"accumulate_steps": 4})

    assert np.isfinite(whole.fit())
