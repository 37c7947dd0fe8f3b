"""Averages of weights."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tasks.fit.config import OptimizerOptions
from tests.fit.lines import EPOCHS, trainer


def average_of(weight: Any, **options: Any) -> Any:
    from tasks.fit.average import WeightAverage

    return WeightAverage([weight], OptimizerOptions.model_validate(options))


def test_the_moving_average_begins_fast() -> None:
    import tensorflow as tf

    weight = tf.Variable([0.0])
    average = average_of(weight, average_decay=0.15)

    weight.assign([1.0])
    average.after_step()  # decay min(0.15, 1/10)
    assert average.variables[0].numpy() == pytest.approx(0.9)
    weight.assign([2.0])
    average.after_step()  # decay min(0.15, 2/11)
    assert average.variables[0].numpy() == pytest.approx(0.15 * 0.9 + 0.85 * 2.0)


def test_the_mean_is_over_the_last_epochs() -> None:
    import tensorflow as tf

    weight = tf.Variable([0.0])
    average = average_of(weight, average_epochs=2)
    for epochs_left, value in ((3, 100.0), (2, 50.0), (1, 1.0), (0, 4.0)):
        weight.assign([value])
        average.after_step()
        average.after_epoch(epochs_left)

    assert average.variables[0].numpy() == pytest.approx(2.5)


def test_a_model_has_them_while_it_is_measured() -> None:
    import tensorflow as tf

    weight = tf.Variable([4.0])
    average = average_of(weight, average_decay=0.5)
    with average.swapped():
        assert weight.numpy() == 4.0  # there is none yet
    weight.assign([14.0])
    average.after_step()

    with average.swapped():
        assert weight.numpy() == pytest.approx(0.1 * 4 + 0.9 * 14)
    assert weight.numpy() == 14.0
    average.put()
    assert weight.numpy() == pytest.approx(13.0)


def test_without_one_nothing_is_kept() -> None:
    import tensorflow as tf

    average = average_of(tf.Variable([4.0]))
    average.after_step()
    average.after_epoch(0)

    assert average.variables == [] and average.count.numpy() == 0


def test_a_training_exports_the_mean_over_its_last_epochs() -> None:
    ends: list[Any] = []
    plain = trainer()

    def keep(report: Any) -> None:
        if report.step % 7 == 0:
            ends.append([np.array(weight) for weight in plain.model.get_weights()])

    plain.fit(on_step=keep)
    averaged = trainer(optimizer={"average_epochs": 2})
    averaged.fit()

    assert len(ends) == EPOCHS
    for found, last, before in zip(averaged.model.get_weights(), ends[-1], ends[-2], strict=True):
        np.testing.assert_allclose(found, (last + before) / 2, atol=1e-6)
