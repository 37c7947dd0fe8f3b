"""Every model, built, saved, loaded and converted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from tasks.features.interactions import fit_interactions
from tasks.features.tabular import fit_tabular
from tasks.features.text import pad

TEXTS = pad([np.array([2, 4, 3], np.int32), np.array([2, 5, 6, 7, 3], np.int32)])
TABLE = {"numeric": np.ones((3, 2), np.float32), "categories": np.array([[0, 1], [2, 0], [1, 1]], np.int32)}
RATED = {"user": np.array([0, 1, 2], np.int32), "item": np.array([1, 0, 1], np.int32)}
RATINGS = pa.table({"user": ["u", "v"], "item": ["i", "i"], "rating": [1.0, 4.0]})


def _classifier(folder: Path) -> Any:
    from tasks.model.classifier import build_classifier
    from tasks.model.pretrained import pretrained_encoder

    return build_classifier(pretrained_encoder(folder), classes=3, dropout=0.1)


def _retriever(folder: Path) -> Any:
    from tasks.model.pretrained import pretrained_encoder
    from tasks.model.retriever import build_retriever

    return build_retriever(pretrained_encoder(folder))


def _tabular(folder: Path) -> Any:
    from tasks.model.tabular import build_tabular

    rows = pa.table({"age": [1, 3, 8], "same": [1, 1, 1], "job": ["a", "b", "a"], "sex": ["f", "f", "f"]})
    features = fit_tabular(rows, ["age", "same"], ["job", "sex"])
    return build_tabular(features, classes=2, hidden_units=[4], dropout=0.1, seed=1)


def _factorization(folder: Path) -> Any:
    from tasks.model.factorization import build_factorization

    return build_factorization(fit_interactions(RATINGS), factors=2, seed=1)


MODELS = {
    "classifier": (_classifier, TEXTS, (2, 3)),
    "retriever": (_retriever, TEXTS, (2, 8)),
    "tabular": (_tabular, TABLE, (3, 2)),
    "factorization": (_factorization, RATED, (3,)),
}


@pytest.mark.parametrize(("build", "inputs", "shape"), MODELS.values(), ids=list(MODELS))
def test_a_saved_model_gives_the_same_output_in_batches_of_any_shape(
    build: Callable[[Path], Any], inputs: dict[str, Any], shape: tuple[int, ...], folder: Path, tmp_path: Path
) -> None:
    import tensorflow as tf

    network = build(folder)
    _scatter(network.exported)
    network.save(tmp_path)
    loaded = tf.saved_model.load(str(tmp_path))
    expected = network.exported(inputs).numpy()

    def signature(**arrays: Any) -> Any:
        tensors = {name: tf.constant(array) for name, array in arrays.items()}
        return loaded.signatures["serving_default"](**tensors)["output"].numpy()

    converter = tf.lite.TFLiteConverter.from_saved_model(str(tmp_path))
    lite = tf.lite.Interpreter(model_content=converter.convert()).get_signature_runner()
    assert expected.shape == shape
    for run in (signature, lambda **arrays: lite(**arrays)["output"]):
        np.testing.assert_allclose(run(**inputs), expected, atol=1e-4)
        np.testing.assert_allclose(run(**{name: array[:1] for name, array in inputs.items()}), expected[:1], atol=1e-4)


def test_a_new_classifier_has_no_preference(folder: Path) -> None:
    np.testing.assert_allclose(_classifier(folder).exported(TEXTS).numpy(), 1 / 3, atol=1e-6)


def test_embeddings_have_length_1(folder: Path) -> None:
    np.testing.assert_allclose(np.linalg.norm(_retriever(folder).exported(TEXTS), axis=1), 1.0, atol=1e-5)


def test_bins_below_a_number_are_full_and_those_above_it_empty() -> None:
    from tasks.model.tabular import PiecewiseLinear

    filled = PiecewiseLinear([[0, 1, 3], [10, 20]])(np.array([[2, 5], [-1, 99]], np.float32)).numpy()

    np.testing.assert_allclose(filled, [[1.0, 0.5, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0]])


def test_a_rating_is_mean_plus_biases_plus_product_within_bounds(folder: Path) -> None:
    network = _factorization(folder)  # users u 1, v 2; item i 1; mean 2.5; ratings from 1 to 4
    values = {
        "user_factors": [[0.0, 0.0], [1.0, 0.0], [2.0, 0.0]],
        "item_factors": [[0, 0], [0.5, 9]],
        "user_bias": [[0], [0.1], [9]],
        "item_bias": [[0], [-0.2]],
    }
    for name, table in values.items():
        network.exported.get_layer(name).set_weights([np.array(table, np.float32)])
    pairs = {"user": np.array([0, 1, 2], np.int32), "item": np.array([0, 1, 1], np.int32)}

    np.testing.assert_allclose(network.exported(pairs), [2.5, 2.5 + 0.1 - 0.2 + 0.5, 4.0], atol=1e-6)
    assert network.trained(pairs)[2] > 4.0


def _scatter(model: Any) -> None:
    random = np.random.default_rng(0)
    model.set_weights([weight + random.normal(0, 0.1, weight.shape) for weight in model.get_weights()])
