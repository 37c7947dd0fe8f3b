"""The loop of a private training."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from infra.errors import RecipeError
from tasks.dp.accounting.mechanisms import PrivateTraining
from tasks.dp.accounting.spent import epsilon
from tasks.fit.checkpoints import Checkpoints
from tests.dp.lines import EPOCHS, STEPS, private_trainer
from tests.fit.lines import Killed, examples, kill_after, points


def test_it_learns_under_little_noise_and_tells_what_it_spent() -> None:
    reports: list[Any] = []
    made = private_trainer(noise_multiplier=0.2, optimizer={"learning_rate": 0.2})

    made.fit(on_step=reports.append)

    assert [report.step for report in reports] == list(range(1, STEPS + 1))
    assert reports[-1].loss < 0.6 < reports[0].loss
    told = {report.step: report.privacy["epsilon"] for report in reports if "epsilon" in report.privacy}
    assert list(told) == [5, 10, 15, 20], "after each epoch"
    for step, value in told.items():
        ran = PrivateTraining(sampling_rate=0.2, steps=step, noise_multiplier=0.2)
        exact = epsilon(ran, made.private.delta).pld
        assert exact <= value <= exact * 1.01
    assert made.summary()["epsilon"] == told[20] == made.record("d").epsilon


def test_epsilon_is_that_of_the_steps_that_ran() -> None:
    made = private_trainer(target_epsilon=2.0)
    assert made.spent().pld == 0.0
    with pytest.raises(Killed):
        made.fit(on_step=kill_after(7))
    assert made.ran.steps == 7
    assert made.record("d").epsilon == epsilon(made.ran, made.private.delta).pld < 2.0
    assert made.record("d").mechanism.steps == 7


def test_a_resumed_training_equals_an_undisturbed_one_bit_for_bit(tmp_path: Path) -> None:
    options: dict[str, Any] = {
        "adaptive": {"quantile": 0.5, "count_noise": 2.0},
        "clipping": "per_layer",
        "optimizer": {"accumulate_steps": 3, "average_decay": 0.9},
    }
    undisturbed = private_trainer(**options)
    loss = undisturbed.fit()

    with pytest.raises(Killed):
        private_trainer(**options).fit(Checkpoints(tmp_path, "me"), on_step=kill_after(11))
    seen: list[int] = []
    resumed = private_trainer(**options)
    resumed_loss = resumed.fit(Checkpoints(tmp_path, "me"), on_step=lambda report: seen.append(report.step))

    assert resumed_loss == loss
    assert seen[0] == 10  # the checkpoint of step 9
    for weight, expected in zip(resumed.model.get_weights(), undisturbed.model.get_weights(), strict=True):
        np.testing.assert_array_equal(weight, expected)
    assert resumed.record("d") == undisturbed.record("d")


@pytest.mark.slow
def test_without_a_seed_no_two_trainings_are_alike() -> None:
    first, second = (private_trainer(seeded_noise=False) for _ in range(2))
    for each in (first, second):
        each._take()
    assert all(np.any(a != b) for a, b in zip(first.model.get_weights(), second.model.get_weights(), strict=True))


def test_checkpoints_of_other_steps_are_refused(tmp_path: Path) -> None:
    with pytest.raises(Killed):
        private_trainer().fit(Checkpoints(tmp_path, "me"), on_step=kill_after(5))

    words = r"train\.privacy: found checkpoints in .* of a training with other options or on other rows"
    with pytest.raises(RecipeError, match=words):  # as a launcher tells them: by the options in the identity
        private_trainer().fit(Checkpoints(tmp_path, "another"))
    with pytest.raises(RecipeError, match=words):  # or with an accountant that finds another noise
        private_trainer(noise_multiplier=1.1).fit(Checkpoints(tmp_path, "me"))


def test_the_clip_norm_follows_and_is_told() -> None:
    reports: list[Any] = []
    made = private_trainer(clip=10.0, adaptive={"quantile": 0.3, "learning_rate": 0.5, "count_noise": 1.0})
    made.fit(on_step=reports.append)
    clips = [report.privacy["clip"] for report in reports]
    assert clips[-1] < 0.5 * clips[0], "nearly all gradients were shorter than 10"
    assert made.record("d").clip == pytest.approx((clips[-1],))
    assert made.record("d").mechanism.count_noise == 1.0


def test_rows_that_are_no_numbers_are_counted_and_do_not_stop_it() -> None:
    where, labels = points()
    where[:5] = np.nan
    made = private_trainer(learned=examples(where, labels))
    made.fit()
    assert made.done == STEPS
    assert 0 < made.summary()["unclear_rows"] <= 5 * STEPS
    assert all(np.isfinite(weight).all() for weight in made.model.get_weights())


@pytest.mark.slow
def test_a_rate_so_low_that_samples_are_empty() -> None:
    made = private_trainer(batch_size=1)
    assert np.isfinite(made.fit())
    assert made.done == 50 * EPOCHS


def test_a_layer_that_mixes_rows_is_refused() -> None:
    import tensorflow as tf

    from tasks.model.network import Network

    inputs = {"numeric": tf.keras.Input((2,), name="numeric")}
    states = tf.keras.layers.BatchNormalization(name="norm")(tf.keras.layers.Dense(4)(inputs["numeric"]))
    model = tf.keras.Model(inputs, tf.keras.layers.Dense(2)(states))
    with pytest.raises(RecipeError, match=r"layer norm: found BatchNormalization.*GroupNormalization"):
        private_trainer(made=Network(model, model))


def test_a_layer_of_ones_own_that_mixes_rows_is_found_before_the_first_step() -> None:
    import tensorflow as tf

    from tasks.model.network import Network

    inputs = {"numeric": tf.keras.Input((2,), name="numeric")}
    centred = tf.keras.layers.Lambda(lambda rows: rows - tf.reduce_mean(rows, axis=0))(inputs["numeric"])
    model = tf.keras.Model(inputs, tf.keras.layers.Dense(2)(centred))
    with pytest.raises(RecipeError, match="another example of the batch"):
        private_trainer(made=Network(model, model)).fit()
