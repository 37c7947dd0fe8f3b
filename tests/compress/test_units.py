"""Structured pruning: what is gone is gone, and what stays gives what it gave."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from infra.errors import RecipeError
from tasks.compress.config import LayerOptions, UnitOptions
from tasks.compress.depth import drop_layers
from tasks.compress.importance import change_of_loss, worth
from tasks.compress.narrowing import Removal, without
from tasks.compress.network_file import load_network, save_network
from tasks.compress.structure import least, prune_heads, prune_neurons
from tasks.compress.subject import Subject
from tasks.compress.surgery import rebuilt
from tasks.compress.units import Units, heads, neurons
from tasks.fit.batches import Examples
from tasks.fit.losses import cross_entropy
from tasks.lessons.config import TrainOptions
from tasks.lessons.lesson import Lesson
from tasks.lessons.material import Material
from tasks.model.convolution import build_cnn
from tasks.model.network import Network
from tasks.runtime.package import PackageManifest
from tests.compress.subjects import outputs, parameters, rating_subject, tabular_subject, text_subject

Find = Callable[[Network], list[Units]]


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> Subject:
    return text_subject(tmp_path_factory.mktemp("texts"))


@pytest.fixture(scope="module")
def people() -> Subject:
    return tabular_subject([8, 6])


def digits(seed: int = 0) -> Subject:
    """Pictures of 8 by 8 pixels with 3 labels; convolutions with a norm and with pooling, then dense layers."""
    import tensorflow as tf

    layers = tf.keras.layers
    pixels = tf.keras.Input((8, 8, 1), name="pixels")
    states = layers.Conv2D(6, 3, padding="same", use_bias=False, name="conv0")(pixels)
    states = layers.ReLU()(layers.BatchNormalization(name="norm0")(states))
    states = layers.MaxPooling2D(2)(states)
    states = layers.Conv2D(5, 3, activation="tanh", name="conv1")(states)
    states = layers.Dropout(0.1)(layers.Flatten()(states))
    states = layers.Dense(7, activation="sigmoid", name="dense0")(states)
    logits = layers.Dense(3, name="logits")(states)
    network = Network(tf.keras.Model(pixels, logits), tf.keras.Model(pixels, layers.Softmax()(logits)))
    random = np.random.default_rng(seed)
    for weight in network.trained.weights:
        away = 1.0 if "variance" in weight.name or "gamma" in weight.name else 0.0
        weight.assign(
            away + np.abs(random.normal(0, 0.4, weight.shape)) if away else random.normal(0, 0.4, weight.shape)
        )
    pictures = random.normal(0, 1, (40, 8, 8, 1)).astype(np.float32)
    classes = random.integers(0, 3, 40).astype(np.int32)
    examples = Examples(lambda rows: classes[rows], lambda rows: {"pixels": pictures[rows]}, 40)
    lesson: Any = Lesson(None, ("a", "b", "c"), None, cross_entropy(), lambda: network, None)  # type: ignore[arg-type]
    manifest = PackageManifest(task="tabular_classification", format="saved_model", dataset_digest="d")
    options = TrainOptions(task="tabular_classification", numeric=["pixels"])
    return Subject(Path(), manifest, network, None, Material(lesson, examples, None, len(examples)), options)  # type: ignore[arg-type]


def silenced(network: Network, removals: list[Removal]) -> Network:
    """The whole network, in which those who take units that are gone weigh them by zero."""
    copy = rebuilt(network)
    layers = {layer.name: layer for layer in copy.exported._flatten_layers()}
    for removal in removals:
        for taker in removal.units.takers:
            kernel, *others = layers[taker.layer.name].get_weights()
            kernel[..., removal.gone[taker.units] & (taker.units >= 0), :] = 0
            layers[taker.layer.name].set_weights([kernel, *others])
    return copy


def shapes(network: Network) -> dict[str, list[tuple[int, ...]]]:
    return {
        layer.name: [tuple(weight.shape) for weight in layer.weights]
        for layer in network.exported._flatten_layers(include_self=False)
        if layer.weights and not hasattr(layer, "layers")
    }


@pytest.mark.parametrize(
    ("make", "find", "names", "counts"),
    [
        ("texts", heads, [f"layer{n}_attention_projection" for n in range(2)], [4, 4]),
        ("texts", neurons, [f"layer{n}_forward_wide" for n in range(2)], [24, 24]),
        ("people", neurons, ["hidden0", "hidden1"], [8, 6]),
        ("digits", neurons, ["conv0", "conv1", "dense0"], [6, 5, 7]),
    ],
)
def test_units_are_found_and_removal_is_exact(
    request: pytest.FixtureRequest, make: str, find: Find, names: list[str], counts: list[int]
) -> None:
    subject: Subject = digits() if make == "digits" else request.getfixturevalue(make)
    layers = find(subject.network)
    assert [units.maker.name for units in layers] == names
    assert [units.count for units in layers] == counts
    random = np.random.default_rng(1)
    removals = [Removal(units, random.permutation(units.count) < units.count // 2) for units in layers]
    small, expected = without(subject.network, removals), silenced(subject.network, removals)

    assert outputs(subject, small) == pytest.approx(outputs(subject, expected), abs=1e-5)
    assert np.abs(outputs(subject, small) - outputs(subject, subject.network)).max() > 1e-3
    assert small.trained.count_params() < subject.network.trained.count_params()


def test_an_encoder_loses_just_its_heads_weights(texts: Subject) -> None:
    """Of 4 heads 3 go: 12 of 16 columns of queries, keys and values each, and 12 rows of what takes them."""
    small = prune_heads(texts, UnitOptions(share=0.75, score="l2")).network
    assert shapes(small)["layer1_attention_projection"] == [(16, 12), (12,)]
    assert shapes(small)["layer1_attention_output"] == [(4, 16), (16,)]
    assert shapes(small)["layer1_forward_wide"] == [(16, 24), (24,)]
    lost = 2 * (16 * 36 + 36 + 12 * 16)
    assert parameters(small) == parameters(texts.network) - lost


def test_filters_go_with_all_pixels_that_a_dense_layer_sees_of_them() -> None:
    """Pooled to 4 by 4, convolved to 2 by 2: a filter of the second convolution is 4 inputs of the dense layer."""
    small = prune_neurons(digits(), UnitOptions(share=0.5, score="l1")).network
    assert shapes(small) == {
        "conv0": [(3, 3, 1, 3)],
        "norm0": [(3,)] * 4,
        "conv1": [(3, 3, 3, 3), (3,)],
        "dense0": [(12, 3), (3,)],  # of 7 round(3.5) = 4 go
        "logits": [(3, 3), (3,)],
    }


def test_filters_of_the_image_classifier_are_found() -> None:
    """Pooled twice from 8 by 8 to 2 by 2: each filter of the second convolution is 4 inputs of the dense layer."""
    layers = neurons(build_cnn((8, 8, 1), 3, filters=(2, 3), units=5))
    assert [(units.maker.name, units.count) for units in layers] == [
        ("convolution0", 2),
        ("convolution1", 3),
        ("hidden", 5),
    ]
    assert layers[1].takers[0].units.tolist() == [0, 1, 2] * 4


def test_branches_that_are_joined_are_told_apart() -> None:
    import tensorflow as tf

    layers = tf.keras.layers
    inputs = tf.keras.Input((4,), name="x")
    left, right = (layers.Dense(n, activation="relu", name=name)(inputs) for n, name in ((3, "left"), (5, "right")))
    joined = layers.concatenate([left, inputs, right])
    outer = layers.Dense(2, name="out")(joined)
    network = Network(tf.keras.Model(inputs, outer), tf.keras.Model(inputs, layers.Softmax()(outer)))

    first, second = neurons(network)
    assert first.takers[0].units.tolist() == [0, 1, 2, *[-1] * 9]
    assert second.takers[0].units.tolist() == [*[-1] * 7, 0, 1, 2, 3, 4]
    removals = [Removal(first, np.array([1, 0, 1]) > 0), Removal(second, np.array([0, 1, 0, 0, 1]) > 0)]
    small, expected = without(network, removals), silenced(network, removals)
    rows = np.random.default_rng(0).normal(size=(6, 4)).astype(np.float32)
    assert small.exported(rows).numpy() == pytest.approx(expected.exported(rows).numpy(), abs=1e-6)
    assert shapes(small)["out"] == [(1 + 4 + 3, 2), (2,)]


def test_what_mixes_channels_or_ends_a_model_has_no_units() -> None:
    import tensorflow as tf

    layers = tf.keras.layers
    inputs = tf.keras.Input((4,), name="x")
    summed = layers.add([inputs, layers.Dense(4, activation="relu", name="residual")(inputs)])
    normed = layers.LayerNormalization()(layers.Dense(4, activation="relu", name="normed")(summed))
    chosen = layers.Dense(4, activation="softmax", name="gate")(normed)
    factor = layers.Dense(2, name="factor")(layers.Dense(3, name="down", use_bias=False)(chosen))
    given = layers.Dense(3, activation="relu", name="also_given")(factor)
    out = layers.Dense(2, name="out")(given)
    network = Network(tf.keras.Model(inputs, {"out": out, "states": given}), tf.keras.Model(inputs, out))
    assert neurons(network) == []


@pytest.mark.parametrize(
    ("make", "find", "score"),
    [
        ("texts", heads, "taylor"),
        ("texts", neurons, "l2"),
        ("people", neurons, "l1"),
        ("people", neurons, "l2"),
    ],
)
def test_units_that_are_worth_nothing_go_first(
    request: pytest.FixtureRequest, make: str, find: Find, score: Any
) -> None:
    """What makes the second and the last unit is set to zero, so that removing them changes nothing."""
    given: Subject = request.getfixturevalue(make)
    network = rebuilt(given.network)
    for units in find(network):
        dead = np.isin(units.columns, [1, units.count - 1])
        units.maker.set_weights([np.where(dead, 0, weight) for weight in units.maker.get_weights()])
    subject = given.changed(network)
    layers = find(network)
    removals = []
    for units, values in zip(layers, worth(subject, layers, UnitOptions(score=score, rows=32)), strict=True):
        gone = least(values, 2 / units.count)
        assert np.flatnonzero(gone).tolist() == [1, units.count - 1]
        assert values[gone] == pytest.approx(0, abs=1e-9)
        assert values[~gone].min() > 0
        removals.append(Removal(units, gone))
    assert outputs(subject, without(network, removals)) == pytest.approx(outputs(subject, network), abs=1e-5)


def test_taylor_is_the_change_of_the_loss_to_first_order(people: Subject) -> None:
    """Against a difference quotient: the loss of each row with the unit's gate a little lower."""
    units = neurons(people.network)[1]
    (measured,) = change_of_loss(people, [units], rows=32)

    part = people.material.learned
    rows = next(iter(_batches(people)))
    inputs, targets = part.inputs(rows), part.targets(rows)

    def losses(network: Network) -> NDArray[np.float64]:
        logits = network.trained(inputs).numpy().astype(np.float64)
        shifted = logits - logits.max(axis=1, keepdims=True)
        logs = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
        return np.asarray(-logs[np.arange(len(rows)), targets])

    step, expected = 1e-2, []
    for unit in range(units.count):
        down, up = (rebuilt(people.network) for _ in range(2))
        for network, factor in ((down, 1 - step), (up, 1 + step)):
            layer = network.trained.get_layer("logits")
            kernel, bias = layer.get_weights()
            kernel[unit] *= factor
            layer.set_weights([kernel, bias])
        expected.append(np.abs((losses(up) - losses(down)) / (2 * step)).mean())
    assert measured == pytest.approx(expected, rel=1e-2, abs=1e-5)


def _batches(subject: Subject) -> Any:
    from tasks.compress.probes import sampled

    return (part.rows for part in sampled(subject, 32))


@given(
    st.lists(st.floats(0, 1), min_size=1, max_size=40),
    st.floats(0.01, 0.99),
    st.integers(1, 12),
)
def test_the_least_go_and_the_last_never(values: list[float], share: float, multiple: int) -> None:
    gone = least(np.array(values), share, multiple)
    left = len(values) - gone.sum()
    assert left >= 1
    assert left % multiple == 0 or not gone.any()
    assert left >= len(values) - round(share * len(values))
    if gone.any():
        assert np.array(values)[gone].max() <= np.array(values)[~gone].min()


def test_what_has_nothing_to_remove_is_refused(people: Subject, texts: Subject, tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"steps: prune_heads: found a model of tabular_classification with none of"):
        prune_heads(people, UnitOptions())
    with pytest.raises(RecipeError, match=r"prune_neurons: found a model of rating_prediction with none of hidden"):
        prune_neurons(rating_subject(), UnitOptions())
    with pytest.raises(
        RecipeError, match=r"prune_neurons: found a model of tabular_classification with none of hidden"
    ):
        prune_neurons(tabular_subject([]), UnitOptions())
    with pytest.raises(
        RecipeError, match=r"compress\.heads: found share 0\.1 and multiple 1, by which none of 4, 4 attention"
    ):
        prune_heads(texts, UnitOptions(share=0.1))
    single = text_subject(tmp_path, num_attention_heads=1)
    with pytest.raises(RecipeError, match=r"prune_heads: found a model of text_classification with one of attention"):
        prune_heads(single, UnitOptions())
    assert [units.count for units in heads(prune_heads(texts, UnitOptions(share=0.99, score="l1")).network)] == [1, 1]


def test_a_pruned_model_can_be_stored_and_pruned_again(texts: Subject, tmp_path: Path) -> None:
    once = prune_neurons(prune_heads(texts, UnitOptions(score="l1")), UnitOptions(score="l1", multiple=8))
    save_network(once.network, tmp_path)
    again = load_network(tmp_path)
    assert outputs(texts, again) == pytest.approx(outputs(texts, once.network), abs=1e-6)
    assert [units.count for units in neurons(again)] == [16, 16]  # of 24 half, rounded up to eights
    twice = prune_heads(replace(once, network=again), UnitOptions(rows=32))
    assert [units.count for units in heads(twice.network)] == [1, 1]


def test_a_smaller_encoder_is_smaller_on_disk_and_faster(tmp_path: Path) -> None:
    sizes = {"hidden_size": 128, "num_hidden_layers": 4, "num_attention_heads": 8, "intermediate_size": 512}
    subject = text_subject(tmp_path / "texts", **sizes, max_position_embeddings=64)
    half = UnitOptions(score="l1")
    small = prune_neurons(prune_heads(drop_layers(subject, LayerOptions(keep=2)), half), half)
    models = []
    for name, one in (("whole", subject), ("small", small)):
        one.network.save(tmp_path / name)
        models.append(_loaded(tmp_path / name))
    assert _size(tmp_path / "small") < 0.5 * _size(tmp_path / "whole")
    for model in models:
        model()
    seconds = np.array([[_seconds(model) for model in models] for _ in range(12)])
    assert np.median(seconds[:, 1] / seconds[:, 0]) < 0.7  # a quarter of the products


def _loaded(folder: Path) -> Callable[[], Any]:
    import tensorflow as tf

    model = tf.saved_model.load(str(folder))
    ids = tf.fill((16, 48), 5)
    return lambda: model.predict({"input_ids": ids, "attention_mask": tf.ones_like(ids)})


def _size(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())


def _seconds(model: Callable[[], Any]) -> float:
    start = time.perf_counter()
    model()
    return time.perf_counter() - start
