"""Where a new head begins, and a training that tells a text twice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pydantic import ValidationError

from tasks.lessons.config import TrainOptions
from tasks.lessons.head_start import encoder_vectors, logistic_head
from tasks.lessons.material import prepare
from tasks.runtime.predictor import load
from tests.packages import identified, make_dataset
from tests.train.conftest import Launch
from tests.train.one_process import lose_last_checkpoint, train_here

ROWS = pa.table({"text": ["a", "a b", "c", "c d", "a b a", "d d"], "label": ["x", "x", "y", "y", "x", "y"]})


def options(**changes: Any) -> TrainOptions:
    small = {"batch_size": 4, "epochs": 2, "checkpoint_steps": 1, "encoder": {"max_tokens": 8}}
    return TrainOptions.model_validate({"task": "text_classification", **small, **changes})


def test_the_regression_is_the_same_softmax(encoder: Path) -> None:
    """Two classes and more, whose scores scikit-learn keeps in different ways."""
    from sklearn.linear_model import LogisticRegression

    vectors = np.random.default_rng(0).normal(3.0, 1.0, (60, 4)).astype(np.float32)
    vectors = (vectors - vectors.mean(axis=0)) / vectors.std()
    for classes in (2, 3):
        told = np.argmax(vectors[:, :classes], axis=1)
        kernel, bias = logistic_head(vectors, told, strength=1.0)
        expected = LogisticRegression(C=1.0, max_iter=200).fit(vectors, told).predict_proba(vectors)
        scores = np.exp(vectors @ kernel + bias)
        # the solver stops before its end
        np.testing.assert_allclose(scores / scores.sum(axis=1, keepdims=True), expected, atol=0.01)


def test_scale_and_place_of_vectors_do_not_matter() -> None:
    vectors = np.random.default_rng(0).normal(size=(60, 4)).astype(np.float32)
    told = np.argmax(vectors[:, :3], axis=1)
    moved = 0.1 * vectors + 5.0

    kernel, bias = logistic_head(vectors, told, strength=1.0)
    moved_kernel, moved_bias = logistic_head(moved, told, strength=1.0)

    np.testing.assert_allclose(moved @ moved_kernel + moved_bias, vectors @ kernel + bias, atol=0.02)


def test_the_head_tells_the_classes_before_the_first_step(encoder: Path) -> None:
    material = prepare(options(head_start={"enabled": True, "regularization": 0.01}), identified(ROWS), encoder)
    network, rows = material.lesson.build(), np.arange(ROWS.num_rows)
    before = network.trained.get_layer("encoder").get_weights()

    assert material.lesson.prime is not None
    material.lesson.prime(network, material.learned)

    logits = network.trained(material.learned.inputs(rows), training=False).numpy()
    assert logits.argmax(axis=1).tolist() == [0, 0, 1, 1, 0, 1]
    for weight, same in zip(network.trained.get_layer("encoder").get_weights(), before, strict=True):
        np.testing.assert_array_equal(weight, same)


def test_vectors_come_in_the_order_of_rows(encoder: Path) -> None:
    material = prepare(options(), identified(ROWS), encoder)
    network = material.lesson.build()

    vectors = encoder_vectors(network, material.learned)

    for row in range(ROWS.num_rows):
        alone = network.trained.get_layer("encoder")(material.learned.inputs(np.array([row]))).numpy()
        np.testing.assert_allclose(vectors[row], alone[0], atol=1e-5)


@pytest.mark.slow
def test_workers_begin_alike(encoder: Path, launch: Launch, tmp_path: Path) -> None:
    """At a rate that moves nothing two workers tell what the head's beginning tells."""
    dataset = make_dataset(ROWS, tmp_path / "data", test_rows=0)
    still = {"learning_rate": 1e-9, "head_learning_rate": 1e-9}
    start = {"enabled": True, "regularization": 0.01}

    result = launch(options(workers=2, epochs=1, optimizer=still, head_start=start), dataset, weights=encoder)

    assert result["workers"] == 2 and result["restarts"] == 0
    assert load(tmp_path / "package").predict(ROWS.select(["text"])).column("label").to_pylist() == (
        ROWS.column("label").to_pylist()
    )


def test_in_training_each_text_is_told_twice_and_otherwise_once(encoder: Path) -> None:
    from tasks.model.dropout import dropout_seed

    material = prepare(options(loss={"consistency": 1.0}, dropout=0.5), identified(ROWS), encoder)
    network, rows = material.lesson.build(), np.arange(4)
    network.head[0].assign(np.random.default_rng(0).normal(size=network.head[0].shape))
    inputs = material.learned.inputs(rows)

    with dropout_seed(np.array([1, 2], np.int32), rows.astype(np.int32)):
        told = network.trained(inputs, training=True).numpy()
        again = network.trained(inputs, training=True).numpy()

    assert told.shape == (8, 2)
    np.testing.assert_array_equal(told, again)
    assert np.abs(told[:4] - told[4:]).max(axis=1).min() > 1e-4
    assert network.trained(inputs, training=False).shape == (4, 2)
    assert network.exported(inputs).shape == (4, 2)


@pytest.mark.slow
def test_a_resumed_training_ends_as_one_that_was_not(encoder: Path, tmp_path: Path) -> None:
    dataset = make_dataset(ROWS, tmp_path / "data", test_rows=0)
    asked = options(loss={"consistency": 1.0}, optimizer={"average_decay": 0.5})
    whole = train_here(asked, dataset, encoder, tmp_path)
    lose_last_checkpoint(tmp_path)
    resumed = train_here(asked, dataset, encoder, tmp_path)

    assert (whole.steps, resumed.steps) == ([1, 2, 3, 4], [4])
    for weight, expected in zip(
        resumed.network.trained.get_weights(), whole.network.trained.get_weights(), strict=True
    ):
        np.testing.assert_array_equal(weight, expected)


def test_a_saved_model_tells_a_text_once(encoder: Path, tmp_path: Path) -> None:
    from tasks.runtime.saved_model import SavedModel

    material = prepare(options(loss={"consistency": 1.0}), identified(ROWS), encoder)
    network, inputs = material.lesson.build(), material.learned.inputs(np.arange(3))
    network.head[0].assign(np.random.default_rng(0).normal(size=network.head[0].shape))
    network.save(tmp_path / "saved_model")

    told = SavedModel(tmp_path / "saved_model", threads=1).outputs(inputs)

    np.testing.assert_allclose(told, network.exported(inputs), atol=1e-6)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"task": "text_retrieval", "loss": {"consistency": 1.0}}, "loss.consistency: found with text_retrieval"),
        ({"few_shot": {"enabled": True}, "loss": {"consistency": 1.0}}, "loss.consistency: found with few_shot"),
        ({"task": "rating_prediction", "head_start": {"enabled": True}}, "head_start.enabled: found with rating"),
        ({"start_from": "package", "head_start": {"enabled": True}}, "head_start.enabled: found with start_from"),
        (
            {"task": "text_heads", "heads": [{"column": "l", "kind": "classification", "loss": {"consistency": 1.0}}]},
            "loss.consistency: found in one of several heads",
        ),
    ],
)
def test_what_does_not_go_together_is_refused(changes: dict[str, Any], text: str) -> None:
    with pytest.raises(ValidationError, match=text):
        options(**changes)
