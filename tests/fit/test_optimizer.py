"""The rate over time, and what decays."""

from __future__ import annotations

import numpy as np
import pytest


def test_the_rate_rises_then_falls_to_nearly_nothing() -> None:
    from tasks.fit.optimizer import RisingThenFalling

    schedule = RisingThenFalling(peak=1.0, warmup_steps=2, total_steps=6)

    assert [round(float(schedule(step)), 3) for step in range(6)] == [0.5, 1.0, 0.8, 0.6, 0.4, 0.2]


def test_without_warm_up_it_starts_at_the_peak() -> None:
    from tasks.fit.optimizer import RisingThenFalling

    assert float(RisingThenFalling(0.5, 0, 10)(0)) == pytest.approx(0.5)


def test_kernels_decay_and_biases_and_norms_do_not() -> None:
    import tensorflow as tf

    from tasks.fit.optimizer import RisingThenFalling, build_optimizer

    names = ("dense/kernel", "dense/bias", "norm/gamma", "norm/beta", "user_bias/embeddings")
    variables = [tf.Variable([1.0], name=name) for name in names]
    optimizer = build_optimizer(variables, RisingThenFalling(0.1, 0, 10), weight_decay=0.5)

    optimizer.apply_gradients([(tf.zeros(1), variable) for variable in variables])

    np.testing.assert_allclose([variable.numpy()[0] for variable in variables], [1 - 0.1 * 0.5, 1, 1, 1, 1])
