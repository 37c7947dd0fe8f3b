"""What clipping does with a few numbers that one can follow, with what is no number, and with what it can't do."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from infra.errors import RecipeError
from tasks.dp.gradients.checks import check_gradients, mixes_examples
from tasks.dp.gradients.clipped import ClippedGradients
from tasks.fit.losses import contrastive, cross_entropy, squared_error
from tests.dp.gradients.naive import assert_as_naive, compiled

layers = tf.keras.layers


def line() -> Any:
    """Numbers (b, 2) to their weighed sum, by weights 1 and 1."""
    inputs = tf.keras.Input((2,), name="x")
    outputs = layers.Reshape(())(layers.Dense(1, kernel_initializer="ones", use_bias=False)(inputs))
    return tf.keras.Model({"x": inputs}, outputs)


def test_an_example_by_hand() -> None:
    # The loss of (x w - y)^2 has the gradient 2 (x w - y) x: of the first row 2 (7 - 8) (3, 4) = (-6, -8), of length
    # 10; of the second 2 (1 - 0.5) (0, 1) = (0, 1); the third is padding.
    model = line()
    gradients = compiled(ClippedGradients(model, model.trainable_variables, squared_error))
    inputs, targets = np.array([[3, 4], [0, 1], [9, 9]], np.float32), np.array([8, 0.5, 0], np.float32)

    found = gradients({"x": inputs}, targets, [1, 1, 0], [5])

    np.testing.assert_allclose(found.norms, [[10], [1], [0]], rtol=1e-6)
    np.testing.assert_allclose(found.losses, [1, 0.25, 18**2], rtol=1e-6)
    np.testing.assert_allclose(found.sums[0][:, 0], [-3, -4 + 1], rtol=1e-6)


@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e30])  # the square of the last is infinite
def test_an_example_that_is_no_number_adds_nothing_and_is_told(bad: float) -> None:
    model = line()
    gradients = compiled(ClippedGradients(model, model.trainable_variables, squared_error))
    inputs = np.array([[3, 4], [bad, 1], [0, 1]], np.float32)

    found = gradients({"x": inputs}, np.array([8, 0, 0.5], np.float32), [1, 1, 1], [5])

    np.testing.assert_allclose(found.norms[:, 0], [10, np.inf, 1], rtol=1e-6)
    np.testing.assert_allclose(found.sums[0][:, 0], [-3, -4 + 1], rtol=1e-6)


@pytest.mark.parametrize("place", ["embedding", "convolution", "texts"])
def test_no_kind_of_layer_lets_what_is_no_number_through(place: str) -> None:
    x: Any
    if place == "convolution":
        inputs = tf.keras.Input((5, 5, 1), name="x")
        states = layers.Flatten()(layers.GroupNormalization(2)(layers.Conv2D(2, 3)(inputs)))
        x = np.random.default_rng(0).normal(size=(3, 5, 5, 1)).astype(np.float32)
        x[1, 2, 2] = np.nan
    else:
        inputs = tf.keras.Input((4,) if place == "texts" else (), dtype=tf.int32, name="x")
        states = layers.Embedding(5, 3)(inputs)
        x = np.array([[0, 1, 1, 4], [2, 2, 3, 0], [1, 1, 0, 0]], np.int32)[:, : 4 if place == "texts" else 1].squeeze()
        states = layers.GlobalAveragePooling1D()(layers.Dense(3)(states)) if place == "texts" else states
    model = tf.keras.Model({"x": inputs}, layers.Dense(2)(states))
    if place != "convolution":
        table = model.trainable_variables[0].numpy()
        table[2] = np.nan
        model.trainable_variables[0].assign(table)
    gradients = compiled(ClippedGradients(model, model.trainable_variables, cross_entropy()))

    found = gradients({"x": x}, np.array([0, 1, 1], np.int32), [1, 1, 1], [0.1])
    without = gradients({"x": x[[0, 2]]}, np.array([0, 1], np.int32), [1, 1], [0.1])

    assert np.isinf(found.norms[1]) and np.isfinite(found.norms[[0, 2]]).all()
    for one, other in zip(found.sums, without.sums, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


def test_no_sum_of_one_example_is_longer_than_the_clip() -> None:
    inputs = tf.keras.Input((3, 4), name="x")
    model = tf.keras.Model({"x": inputs}, layers.Dense(2)(layers.Flatten()(layers.Dense(5, "tanh")(inputs))))
    gradients = compiled(ClippedGradients(model, model.trainable_variables, cross_entropy()))
    random = np.random.default_rng(1)

    for spread in (1e-3, 1.0, 1e3, 1e6):
        x = random.normal(0, spread, (1, 3, 4)).astype(np.float32)
        found = gradients({"x": x}, np.array([1], np.int32), [1], [0.25])
        assert np.sqrt(sum((one**2).sum() for one in found.sums)) <= 0.25 * (1 + 1e-6)


def test_layers_of_keras_that_have_kernels_of_ours_and_some_that_have_none(caplog: pytest.LogCaptureFixture) -> None:
    inputs = tf.keras.Input((9, 8, 2), name="x")
    states = layers.Conv2D(4, 3, strides=(2, 1), padding="same", activation="relu")(inputs)
    states = layers.GroupNormalization(2)(states)
    states = layers.Conv2D(3, 2, dilation_rate=2, use_bias=False)(states)
    states = layers.LayerNormalization(axis=[1, 3])(layers.DepthwiseConv2D(2, name="deep")(states))
    model = tf.keras.Model({"x": inputs}, layers.Dense(3)(layers.Flatten()(states)))
    x = np.random.default_rng(0).normal(size=(5, 9, 8, 2)).astype(np.float32)

    assert_as_naive(model, cross_entropy(), {"x": x}, np.array([0, 1, 2, 1, 0], np.int32))
    assert "gradients of deep are computed one example at a time" in caplog.text


def test_attention_and_weights_that_are_used_twice() -> None:
    inputs = tf.keras.Input((None,), dtype=tf.int32, name="x")
    table, dense = layers.Embedding(9, 4), layers.Dense(4, "tanh")
    states = table(inputs)
    states = dense(dense(layers.MultiHeadAttention(2, 3)(states, states)))
    pooled = layers.GlobalAveragePooling1D()(states) + layers.GlobalMaxPooling1D()(table((inputs + 1) % 9))
    model = tf.keras.Model({"x": inputs}, layers.Dense(3)(pooled))
    x = np.random.default_rng(0).integers(0, 9, (5, 7)).astype(np.int32)

    assert_as_naive(model, cross_entropy(), {"x": x}, np.array([0, 1, 2, 1, 0], np.int32))


def test_layers_that_mix_examples_are_refused_unless_they_are_held_still() -> None:
    inputs = tf.keras.Input((3,), name="x")
    model = tf.keras.Model({"x": inputs}, layers.Dense(2)(layers.BatchNormalization(name="norm")(inputs)))

    with pytest.raises(RecipeError, match=r"layer norm: found BatchNormalization, which mixes .*GroupNormalization"):
        ClippedGradients(model, model.trainable_variables, cross_entropy())
    model.get_layer("norm").trainable = False
    x = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)
    assert_as_naive(model, cross_entropy(), {"x": x}, np.array([0, 1, 1, 0], np.int32))


def test_layers_that_are_called_within_a_loop_are_refused() -> None:
    inputs = tf.keras.Input((3, 2), name="x")
    model = tf.keras.Model({"x": inputs}, layers.LSTM(2, name="memory")(inputs))

    with pytest.raises(RecipeError, match="layer memory: found LSTM, whose steps are a loop"):
        ClippedGradients(model, model.trainable_variables, cross_entropy())


class Centred(tf.keras.layers.Layer):  # type: ignore[misc]
    """Takes the mean of the batch off."""

    def call(self, inputs: Any) -> Any:
        return inputs - tf.reduce_mean(inputs, axis=0)


def test_what_mixes_examples_unseen_is_found_by_trying() -> None:
    inputs = tf.keras.Input((3,), name="x")
    random = np.random.default_rng(0)
    x, classes = {"x": random.normal(size=(4, 3)).astype(np.float32)}, np.array([0, 1, 1, 0], np.int32)
    apart = tf.keras.Model({"x": inputs}, layers.Dense(2)(inputs))
    mixing = tf.keras.Model({"x": inputs}, layers.Dense(2)(Centred()(inputs)))

    assert not mixes_examples(apart, x)
    assert mixes_examples(mixing, x)
    check_gradients(ClippedGradients(apart, apart.trainable_variables, cross_entropy()), x, classes)
    with pytest.raises(RecipeError, match=r"found (norms|losses) of examples that change with another example"):
        check_gradients(ClippedGradients(mixing, mixing.trainable_variables, cross_entropy()), x, classes)


def test_a_loss_that_is_not_of_single_examples_is_found_by_trying() -> None:
    inputs, others = tf.keras.Input((3,), name="x"), tf.keras.Input((3,), name="y")
    dense = layers.Dense(2)
    model = tf.keras.Model({"x": inputs, "y": others}, [dense(inputs), dense(others)])
    random = np.random.default_rng(0)
    pairs = {name: random.normal(size=(4, 3)).astype(np.float32) for name in ("x", "y")}
    gradients = ClippedGradients(model, model.trainable_variables, contrastive(1.0))

    with pytest.raises(RecipeError, match=r"found (norms|losses) of examples that change with another example"):
        check_gradients(gradients, pairs, np.arange(4, dtype=np.int32))


class Borrowing(tf.keras.layers.Layer):  # type: ignore[misc]
    """Multiplies by another layer's kernel."""

    def __init__(self, lender: Any, **options: Any) -> None:
        super().__init__(**options)
        self._lender = [lambda: lender.kernel]  # hidden from Keras

    def call(self, inputs: Any) -> Any:
        return tf.matmul(inputs, self._lender[0]())


def test_a_weight_that_is_used_where_it_is_not_seen_is_found_by_trying() -> None:
    inputs, lender = tf.keras.Input((3,), name="x"), layers.Dense(3)
    model = tf.keras.Model({"x": inputs}, Borrowing(lender)(lender(inputs)))
    gradients = ClippedGradients(model, lender.trainable_variables, cross_entropy())
    x = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)

    with pytest.raises(RecipeError, match="found a gradient that is not the sum of those of single examples"):
        check_gradients(gradients, {"x": x}, np.array([0, 1, 1, 0], np.int32))


def test_a_model_is_as_it_was_after_a_call() -> None:
    model = line()
    before = model(np.ones((1, 2), np.float32)).numpy()
    gradients = compiled(ClippedGradients(model, model.trainable_variables, squared_error))
    gradients({"x": np.ones((1, 2), np.float32)}, np.zeros(1, np.float32), [1], [1])

    assert all("call" not in vars(layer) for layer in model.layers)
    np.testing.assert_array_equal(model(np.ones((1, 2), np.float32)), before)


def test_weights_of_no_layer_and_groups_that_leave_one_out_are_refused() -> None:
    model = line()
    with pytest.raises(RecipeError, match=r"weight alone:0: found no layer of the model"):
        ClippedGradients(model, [tf.Variable(1.0, name="alone")], squared_error)
    with pytest.raises(ValueError, match="do not have each of 1 weights once"):
        ClippedGradients(model, model.trainable_variables, squared_error, [[0], [0]])
