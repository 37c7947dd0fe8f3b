from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from tasks.fit.batches import Examples
from tasks.fit.losses import cross_entropy
from tasks.private.audit.answers import answers
from tasks.private.audit.part import part


@pytest.fixture(scope="module")
def model() -> tf.keras.Model:
    inputs = tf.keras.Input((3,), name="x")
    return tf.keras.Model({"x": inputs}, tf.keras.layers.Dropout(0.9)(tf.keras.layers.Dense(2)(inputs)))


@pytest.fixture(scope="module")
def examples() -> Examples:
    random = np.random.default_rng(0)
    rows, classes = random.normal(size=(1200, 3)).astype(np.float32), random.integers(0, 2, 1200).astype(np.int32)
    return Examples(targets=lambda chosen: classes[chosen], inputs=lambda chosen: {"x": rows[chosen]}, rows=1200)


def test_each_row_has_its_loss_and_outputs_in_its_place(model: tf.keras.Model, examples: Examples) -> None:
    told = answers(model, cross_entropy(), examples)

    logits = model({"x": examples.inputs(np.arange(1200))["x"]}, training=False).numpy()
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    losses = -np.log(shifted[np.arange(1200), examples.targets(np.arange(1200))] / shifted.sum(axis=1))
    assert told.losses == pytest.approx(losses, abs=1e-5)
    assert told.outputs == pytest.approx(logits, abs=1e-5)


def test_a_part_has_its_rows_alone(model: tf.keras.Model, examples: Examples) -> None:
    whole = answers(model, cross_entropy(), examples)
    few = answers(model, cross_entropy(), part(examples, np.array([700, 3, 4])))

    assert few.losses == pytest.approx(whole.losses[[700, 3, 4]], abs=1e-6)
