"""Training on rounded weights and activations gives what a conversion then computes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pydantic import ValidationError

from infra.errors import TrainingError
from tasks.compress.config import CompressOptions, QuantiseAwareOptions, TuneOptions
from tasks.compress.flatbuffer import quantise_weights
from tasks.compress.integers import quantise_activations
from tasks.compress.matrices import matrices
from tasks.compress.quantise_aware import deployed, quantise_aware
from tasks.compress.rounding import RoundedActivations, RoundedDense, rounded
from tasks.compress.subject import Subject, read_subject, write_subject
from tasks.compress.tflite import to_tflite
from tasks.model.network import Network
from tasks.runtime.tflite import TfliteModel
from tests.compress.subjects import outputs, rating_subject, tabular_subject, text_subject
from tests.compress.test_sparsity import loss, weights_by_name
from tests.compress.test_subject import trained
from tests.packages import make_dataset
from tests.train.conftest import people, tabular

Towards = Literal["int8", "dynamic_range", "full_int8"]


def aware(subject: Subject, towards: Towards = "int8", **tuning: Any) -> Network:
    tuned = TuneOptions(**{"epochs": 0, **tuning})
    return quantise_aware(subject, QuantiseAwareOptions(towards=towards, tuning=tuned)).network


def test_weights_by_hand() -> None:
    """Of a largest weight of 1.27 a step is 0.01."""
    import tensorflow as tf

    values = tf.constant([1.27, -0.014, 0.0, 0.016])
    with tf.GradientTape() as tape:
        tape.watch(values)
        out = rounded(values, tf.constant(1.27))

    assert np.allclose(out, np.array([1.27, -0.01, 0.0, 0.02]), atol=1e-7)
    assert tape.gradient(out, values).numpy().tolist() == [1.0] * 4


@given(arrays(np.float32, (5, 3), elements=st.floats(-8, 8, width=32)))
def test_rounded_weights_are_on_the_grid_that_a_conversion_finds(kernel: Any) -> None:
    """So rounding them again changes nothing."""
    import tensorflow as tf

    largest = np.abs(kernel).max(axis=0, keepdims=True)
    out = rounded(tf.constant(kernel), tf.constant(largest)).numpy()

    steps = np.where(largest > 0, np.abs(out).max(axis=0, keepdims=True) / np.float32(127), 1)
    if (largest > 1e-30).all():  # steps of smaller ones have no float32
        assert np.allclose(out / steps, np.round(out / steps), atol=1e-3)
        assert np.array_equal(np.round(out / steps), np.round(kernel / (largest / np.float32(127))))
    assert (out[kernel == 0] == 0).all()


def test_activations_by_their_own_range_by_hand() -> None:
    """A row from -1 to 1.55 has steps of 0.01; one of positives begins at 0; one of zeros stays."""
    inputs = np.array([[-1.0, 1.55, 0.003, 0.016], [5.1, 2.55, 0.011, 1.0], [0, 0, 0, 0]], np.float32)

    out = RoundedActivations("vector")(inputs).numpy()

    assert np.allclose(out, np.array([[-1.0, 1.55, 0.0, 0.02], [5.1, 2.56, 0.02, 1.0], [0, 0, 0, 0]]), atol=1e-6)
    whole = RoundedActivations("example")(inputs[None, :2]).numpy()[0]
    step = 6.1 / 255
    assert np.allclose(whole[0, 2:], [0.0, step], atol=1e-6)


def test_a_range_of_all_rows_is_the_mean_of_what_was_learned_from() -> None:
    layer = RoundedActivations("all")
    inputs = np.array([[0.1234567, -3.0]], np.float32)
    assert np.array_equal(layer(inputs), inputs)  # nothing is known yet

    layer(np.array([[-1.0, 2.0]], np.float32), training=True)
    layer(np.array([[-2.0, 4.0]], np.float32), training=True)
    low, high, batches = (weight.item() for weight in layer.get_weights())

    assert (low, high, batches) == (-1.5, 3.0, 2.0)
    out = layer(inputs).numpy()
    assert out[0, 1] == pytest.approx(-1.5, abs=4.5 / 255)  # beyond the range
    assert out[0, 0] == pytest.approx(0.1234567, abs=4.5 / 510)
    assert layer.get_weights()[0] == -1.5, "nothing is learned while predicting"


def logits(network: Network) -> Any:
    return network.trained.get_layer("logits")


def of_dense(kernels: list[Any]) -> Subject:
    """A subject whose network is dense layers of these weights, with large matrices alone."""
    import tensorflow as tf

    inputs = tf.keras.Input((len(kernels[0]),), name="x")
    states = inputs
    for place, kernel in enumerate(kernels):
        layer = tf.keras.layers.Dense(kernel.shape[1], activation="relu" if place == 0 else None, name=f"dense{place}")
        states = layer(states)
        layer.set_weights([kernel, np.linspace(-0.1, 0.1, kernel.shape[1])])
    model = tf.keras.Model({"x": inputs}, states)
    return replace(tabular_subject([4], 20), network=Network(model, model))


def test_int8_computes_what_training_saw(tmp_path: Path) -> None:
    """Activations as well, for the runtime rounds them row by row as the layers do."""
    random = np.random.default_rng(0)
    subject = of_dense([random.normal(0, 0.3, (40, 64)), random.normal(0, 0.3, (64, 32))])
    network = aware(subject)
    inputs = {"x": random.normal(size=(16, 40)).astype(np.float32)}

    deployed(network).save(tmp_path / "saved_model")
    content, share = quantise_weights(to_tflite(tmp_path / "saved_model"))
    (tmp_path / "model.tflite").write_bytes(content)
    converted = TfliteModel(tmp_path / "model.tflite", threads=1).outputs(inputs)

    assert share > 0.9
    exact, seen = (each.exported(inputs, training=False).numpy() for each in (subject.network, network))
    assert np.abs(converted - seen).mean() < 0.02 * np.abs(seen - exact).mean()
    assert np.abs(converted - seen).max() < 0.2 * np.abs(seen - exact).max()


def test_full_int8_computes_nearly_what_training_saw(tmp_path: Path) -> None:
    """Where both know the same ranges of activations."""
    random = np.random.default_rng(0)
    subject = of_dense([random.normal(0, 0.3, (40, 64)), random.normal(0, 0.3, (64, 32))])
    network = aware(subject, "full_int8")
    inputs = {"x": random.normal(size=(64, 40)).astype(np.float32)}
    network.trained(inputs, training=True)

    deployed(network).save(tmp_path / "saved_model")
    content = quantise_activations(to_tflite(tmp_path / "saved_model"), [inputs], balanced=False)
    (tmp_path / "model.tflite").write_bytes(content)
    converted = TfliteModel(tmp_path / "model.tflite", threads=1).outputs(inputs)

    low, high, _ = network.trained.get_layer("dense1_output").get_weights()
    steps = np.abs(converted - network.exported(inputs, training=False).numpy()) / ((high - low) / 255)
    assert steps.max() < 1.5  # what lies between two steps may fall to either
    assert np.mean(steps < 0.05) > 0.85


def test_a_layer_whose_outputs_differ_much_in_size_learns_to_bear_one_step_for_all() -> None:
    """A unit a thousand times as large, and weighed a thousandth, changes nothing but the room for the others."""
    subject = tabular_subject([16, 8])
    layers = [subject.network.trained.get_layer(name) for name in ("hidden0", "hidden1")]
    (kernel, bias), (following, other_bias) = (layer.get_weights() for layer in layers)
    scale = np.where(np.arange(16) == 0, 1000.0, 1.0)
    layers[0].set_weights([kernel * scale, bias * scale])
    layers[1].set_weights([following / scale[:, None], other_bias])

    untrained = loss(subject, aware(subject, "dynamic_range"))
    learned = loss(subject, aware(subject, "dynamic_range", epochs=6, learning_rate_share=1.0))

    def hidden_values(towards: Towards) -> int:
        return len(np.unique(weights_by_name(deployed(aware(subject, towards)))["hidden0/kernel"][:, 1:]))

    assert hidden_values("dynamic_range") <= 3 < 100 < hidden_values("int8")
    assert learned < 0.8 * untrained


@pytest.mark.parametrize("towards", ["int8", "full_int8"])
def test_an_encoder_and_its_tables(towards: Towards, tmp_path: Path) -> None:
    subject = text_subject(tmp_path, num_hidden_layers=1)

    network = aware(subject, towards, epochs=1)

    names = {layer.name for layer in network.trained.get_layer("encoder").layers}
    assert {"layer0_attention_projection_input", "layer0_forward_output_input"} <= names
    assert ("layer0_forward_output_output" in names) == (towards == "full_int8")
    assert "layer0_forward_wide_output" not in names
    assert len(network.head) == 2
    assert all(weight is own for weight, own in zip(network.head, logits(network).weights, strict=True))
    plain = deployed(network)
    assert not [
        layer for layer in plain.exported._flatten_layers() if isinstance(layer, RoundedActivations | RoundedDense)
    ]
    for matrix in matrices(plain):
        values = matrix.variable.numpy()
        by_output = matrix.is_kernel and towards == "int8"
        steps = np.abs(values).max(axis=0 if by_output else None, keepdims=True) / 127
        assert np.allclose(values / steps, np.round(values / steps), atol=1e-3), matrix.name
    assert np.abs(outputs(subject, network) - outputs(subject, plain)).max() < 0.05
    assert deployed(plain) is plain


def test_tables_of_users_and_items() -> None:
    subject = rating_subject()

    network = aware(subject, epochs=1)

    values = weights_by_name(deployed(network))["user_factors/embeddings"]
    steps = np.abs(values).max() / 127
    assert np.allclose(values / steps, np.round(values / steps), atol=1e-3)
    assert np.allclose(outputs(subject, network), outputs(subject, deployed(network)), atol=1e-6)


def test_a_convolution() -> None:
    import tensorflow as tf

    inputs = tf.keras.Input((6, 6, 2), name="x")
    convolved = tf.keras.layers.Conv2D(4, 3, padding="same", activation="relu", name="filters")(inputs)
    model = tf.keras.Model({"x": inputs}, tf.keras.layers.Dense(3, name="logits")(tf.keras.layers.Flatten()(convolved)))
    subject = replace(tabular_subject([4], 20), network=Network(model, model))
    images = {"x": np.random.default_rng(1).normal(size=(5, 6, 6, 2)).astype(np.float32)}

    network = aware(subject)

    values = weights_by_name(deployed(network))["filters/kernel"]
    steps = np.abs(values).max(axis=(0, 1, 2)) / 127
    assert np.allclose(values / steps, np.round(values / steps), atol=1e-3)
    exact, seen = (each(images, training=False).numpy() for each in (model, network.exported))
    assert 0 < np.abs(seen - exact).max() < 0.05 * np.abs(exact).max()


def test_a_package_keeps_layers_that_round_and_saves_a_model_without_them(tmp_path: Path) -> None:
    """So a later training still sees rounding."""
    dataset = make_dataset(people(60), tmp_path / "dataset", test_rows=20)
    package = trained(tabular(epochs=1, hidden_units=[8]), dataset, None, tmp_path)
    subject = read_subject(package, dataset)
    done = quantise_aware(subject, QuantiseAwareOptions(towards="full_int8", tuning=TuneOptions(epochs=1)))
    (tmp_path / "child").mkdir()

    write_subject(done, "quantise_aware", tmp_path / "child")
    again = read_subject(tmp_path / "child", dataset)

    assert isinstance(again.network.trained.get_layer("hidden0"), RoundedDense)
    assert np.array_equal(outputs(subject, again.network), outputs(subject, done.network))
    import tensorflow as tf

    saved = tf.saved_model.load(str(tmp_path / "child" / "saved_model"))
    kernels = weights_by_name(deployed(again.network))
    assert all(any(np.array_equal(values, weight) for weight in saved.weights) for values in kernels.values())
    operations = {operation.type for operation in saved.signatures["serving_default"].graph.get_operations()}
    assert not operations & {"Round", "FakeQuantWithMinMaxVars"}


def test_activations_without_a_range() -> None:
    """Weights that are finite, and products that are not."""
    subject = tabular_subject([8], 20)
    kernel = subject.network.trained.get_layer("hidden0").kernel
    kernel.assign(np.full(kernel.shape, 3e38))

    with pytest.raises(TrainingError, match=r"a loss of nan at step 1 of 3, of the rows"):
        aware(subject, "full_int8", epochs=1)


def test_a_chain_that_trains_towards_another_conversion_than_its_own() -> None:
    with pytest.raises(ValidationError, match=r"towards: found int8 in a chain to full_int8; set it to full_int8"):
        CompressOptions.model_validate({"steps": ["quantise_aware", "full_int8"]})
    CompressOptions.model_validate(
        {"steps": ["quantise_aware", "full_int8"], "quantise_aware": {"towards": "full_int8"}}
    )
