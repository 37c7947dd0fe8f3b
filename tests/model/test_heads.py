"""Several heads on one encoder: built, saved, loaded and converted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tasks.features.heads import Head
from tasks.features.text import pad
from tests.packages import HEADS

TEXTS = pad([np.array([2, 4, 3], np.int32), np.array([2, 5, 6, 7, 3], np.int32)])
SHAPES = {"label": (2, 3), "topics": (2, 3), "urgency": (2,), "tags": (2, 5, 4)}


@pytest.fixture(scope="module")
def network(folder: Path) -> Any:
    from tasks.model.heads import build_heads
    from tasks.model.pretrained import pretrained_encoder

    return build_heads(pretrained_encoder(folder), HEADS, dropout=0.1)


def test_a_new_head_has_no_preference(network: Any) -> None:
    outputs = network.exported(TEXTS)

    assert {name: tuple(output.shape) for name, output in outputs.items()} == SHAPES
    for name, value in {"label": 1 / 3, "topics": 0.5, "urgency": 3.0, "tags": 1 / 4}.items():
        np.testing.assert_allclose(outputs[name].numpy(), value, atol=1e-6)
    assert len(network.head) == 8
    assert all(any(weight is other for other in network.trained.trainable_variables) for weight in network.head)


def test_each_head_stands_on_the_text_or_on_its_tokens(network: Any) -> None:
    """A token that is padding in one batch and absent in another changes nothing."""
    network.exported.set_weights([np.random.default_rng(1).normal(0, 0.3, w.shape) for w in network.exported.weights])
    alone = network.exported({name: array[:1, :3] for name, array in TEXTS.items()})
    beside = network.exported(TEXTS)

    for name in ("label", "topics", "urgency"):
        np.testing.assert_allclose(alone[name][0], beside[name][0], atol=1e-5)
    np.testing.assert_allclose(alone["tags"][0], beside["tags"][0, :3], atol=1e-5)
    logits, numbers = network.trained(TEXTS), beside["urgency"].numpy()
    np.testing.assert_allclose(numbers, logits["urgency"].numpy() * 0.5 + 3.0, atol=1e-5)
    np.testing.assert_allclose(beside["topics"].numpy(), 1 / (1 + np.exp(-logits["topics"].numpy())), atol=1e-5)
    np.testing.assert_allclose(beside["tags"].numpy().sum(axis=-1), 1.0, atol=1e-5)


def test_saved_and_converted_it_gives_every_output(network: Any, tmp_path: Path) -> None:
    import tensorflow as tf

    network.exported.set_weights([np.random.default_rng(2).normal(0, 0.3, w.shape) for w in network.exported.weights])
    network.save(tmp_path)
    expected = {name: output.numpy() for name, output in network.exported(TEXTS).items()}
    served = tf.saved_model.load(str(tmp_path)).signatures["serving_default"]
    converter = tf.lite.TFLiteConverter.from_saved_model(str(tmp_path), signature_keys=["serving_default"])
    lite = tf.lite.Interpreter(model_content=converter.convert()).get_signature_runner()

    for run in (served, lite):
        outputs = run(**{name: tf.constant(array) for name, array in TEXTS.items()})
        assert set(outputs) == set(expected)
        for name, values in expected.items():
            np.testing.assert_allclose(outputs[name], values, atol=1e-4)


def test_one_head_is_enough(folder: Path) -> None:
    from tasks.model.heads import build_heads
    from tasks.model.pretrained import pretrained_encoder

    head = Head(column="how sure?", kind="regression", output="how_sure_")
    outputs = build_heads(pretrained_encoder(folder), [head], dropout=0.0).exported(TEXTS)

    assert outputs["how_sure_"].numpy().tolist() == [0.0, 0.0]
