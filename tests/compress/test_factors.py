from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from infra.errors import RecipeError
from tasks.compress.config import CompressOptions, FactoriseOptions
from tasks.compress.factors import factorise, narrow
from tasks.compress.flatbuffer import quantise_weights
from tasks.compress.layers import OWN_LAYERS
from tasks.compress.network_file import load_network, save_network
from tasks.compress.spec import CompressSpec
from tasks.compress.subject import Subject
from tasks.compress.tflite import to_tflite
from tasks.compress.units import heads, neurons
from tasks.compress.worker import compress
from tasks.model.names import named_weights
from tasks.runtime.package import read_manifest
from tasks.runtime.predictor import load
from tasks.runtime.tflite import TfliteModel
from tests.compress.subjects import outputs, parameters, rating_subject, tabular_subject, text_subject
from tests.compress.test_subject import trained
from tests.packages import make_dataset
from tests.train.conftest import people, tabular

Matrix = NDArray[np.float64]


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> Subject:
    return text_subject(tmp_path_factory.mktemp("texts"))


def matrix(seed: int, rows: int, columns: int, rank: int = 0) -> Matrix:
    random = np.random.default_rng(seed)
    if rank:
        return random.normal(size=(rows, rank)) @ random.normal(size=(rank, columns))
    return random.normal(size=(rows, columns))


@settings(max_examples=40)
@given(st.integers(0, 99), st.integers(2, 9), st.integers(2, 9), st.data())
def test_without_data_it_is_the_truncated_singular_value_decomposition(
    seed: int, rows: int, columns: int, data: st.DataObject
) -> None:
    rank = data.draw(st.integers(1, min(rows, columns)))
    whole = matrix(seed, rows, columns)
    left, right = narrow(whole, whole, rank)
    u, s, v = np.linalg.svd(whole, full_matrices=False)
    assert (left.shape, right.shape) == ((rows, rank), (rank, columns))
    assert left @ right == pytest.approx((u[:, :rank] * s[:rank]) @ v[:rank], abs=1e-8)


@settings(max_examples=40)
@given(st.integers(0, 99), st.integers(1, 4))
def test_on_data_nothing_of_that_rank_is_nearer(seed: int, rank: int) -> None:
    """Eckart and Young 1936 on the outputs: the error is that of their smallest singular values."""
    rows, whole = matrix(seed, 50, 6) * [9, 1, 3, 0.1, 1, 0.01], matrix(seed + 1, 6, 5)
    left, right = narrow(whole, rows.T @ rows @ whole, rank)
    error = np.square(rows @ (whole - left @ right)).sum()
    assert error == pytest.approx(np.square(np.linalg.svd(rows @ whole)[1][rank:]).sum(), rel=1e-6, abs=1e-6)
    plain = narrow(whole, whole, rank)
    assert error <= np.square(rows @ (whole - plain[0] @ plain[1])).sum() + 1e-9


def test_dense_layers_become_two_where_that_saves_weights(texts: Subject) -> None:
    """16 by 48 saves below rank 12, 16 by 24 below 9.6, 16 by 16 below 8, 16 by 3 below 2.5; half of each is taken.

    Heads and neurons are found as before; the narrow middle is no layer of neurons: its rank was chosen.
    """
    small = factorise(texts, FactoriseOptions(dense_share=0.5, rows=32)).network
    shapes = {name: tuple(weight.shape) for name, weight in named_weights(small.exported).items()}
    assert shapes["layer0_attention_projection_down/kernel"] == (16, 6)
    assert shapes["layer0_attention_projection/kernel"] == (6, 48)
    assert shapes["layer0_attention_projection/bias"] == (48,)
    assert shapes["layer1_forward_wide_down/kernel"] == (16, 4)
    assert shapes["layer1_forward_output_down/kernel"] == (24, 4)
    assert shapes["logits_down/kernel"] == (16, 1)
    saved = 2 * ((768 - 6 * 64) + (256 - 4 * 32) + 2 * (384 - 4 * 40)) + 48 - 19
    assert parameters(small) == parameters(texts.network) - saved
    assert [tuple(weight.shape) for weight in small.head] == [(1, 3), (3,)]
    assert [units.maker.name for units in neurons(small)] == ["layer0_forward_wide", "layer1_forward_wide"]
    assert [units.count for units in heads(small)] == [4, 4]


def test_matrices_of_low_rank_lose_nothing() -> None:
    subject = tabular_subject([16, 12])
    layers = [subject.network.trained.get_layer(name) for name in ("hidden0", "hidden1")]
    for layer in layers:
        kernel, bias = layer.get_weights()
        layer.set_weights([matrix(2, kernel.shape[0], kernel.shape[1], rank=2) / 4, bias])
    small = factorise(subject, FactoriseOptions(dense_share=0.4, rows=32))
    shapes = {name: tuple(weight.shape) for name, weight in named_weights(small.network.exported).items()}
    assert shapes["hidden1_down/kernel"] == (16, 2)
    before = outputs(subject, subject.network)
    # the logits, 12 by 2, can have rank 1 only; so compare what goes into them
    assert _before_logits(small) == pytest.approx(_before_logits(subject), abs=1e-4)
    assert np.abs(outputs(subject, small.network) - before).max() < 1


def _before_logits(subject: Subject) -> Any:
    import tensorflow as tf

    model = subject.network.trained
    inner = tf.keras.Model(model.input, model.get_layer("hidden1_dropout").output)
    return inner(subject.material.learned.inputs(np.arange(32))).numpy()


def test_what_all_train_rows_are_is_kept_though_the_matrices_are_of_full_rank(tmp_path: Path) -> None:
    """Of one text of three tokens each layer sees three vectors, and ranks are 4 and more; the logits see one."""
    subject = text_subject(tmp_path, pa.table({"text": ["a"] * 40, "label": ["x", "y", "z", "x"] * 10}))
    small = factorise(subject, FactoriseOptions(dense_share=0.5, rows=32)).network
    known, other = (subject.features.encode(pa.table({"text": [text]})) for text in ("a", "d c b d"))
    errors = [
        np.abs(small.exported(text).numpy() - subject.network.exported(text).numpy()).max() for text in (known, other)
    ]
    assert errors[0] < 0.002
    assert errors[1] > 5 * errors[0]


def test_words_that_are_there_often_keep_more_of_their_vectors(texts: Subject) -> None:
    small = factorise(texts, FactoriseOptions(embedding_rank=5, rows=64)).network
    table = next(layer for layer in small.exported._flatten_layers() if layer.name == "embeddings")
    counts = sum(np.bincount(ids.ravel(), minlength=8) for ids in _ids(texts))
    whole = named_weights(texts.network.exported)["embeddings/words"].numpy().astype(np.float64)
    errors = [np.square(each - whole).sum(axis=1) for each in (_words(table), _plain(whole, 5))]
    weighed = [(error * counts).sum() for error in errors]
    assert weighed[0] < 0.8 * weighed[1]


def _ids(subject: Subject) -> list[Any]:
    learned = subject.material.learned
    return [learned.inputs(np.arange(len(learned)))["input_ids"]]


def _words(layer: Any) -> Matrix:
    return np.asarray(layer.words.numpy().astype(np.float64) @ layer.projection.numpy())


def _plain(whole: Matrix, rank: int) -> Matrix:
    left, right = narrow(whole, whole, rank)
    return left @ right


def test_the_table_of_words_is_narrow_in_every_format(tmp_path: Path) -> None:
    subject = text_subject(tmp_path / "texts", vocab_size=200, hidden_size=64, num_hidden_layers=1)
    small = factorise(subject, FactoriseOptions(embedding_rank=16, rows=32))
    shapes = {name: tuple(weight.shape) for name, weight in named_weights(small.network.exported).items()}
    assert shapes["embeddings/words"] == (200, 16)
    assert shapes["embeddings/projection"] == (16, 64)
    given = outputs(subject, small.network)
    save_network(small.network, tmp_path)
    assert outputs(subject, load_network(tmp_path, OWN_LAYERS)) == pytest.approx(given, abs=1e-6)
    small.network.save(tmp_path / "saved_model")
    content, _ = quantise_weights(to_tflite(tmp_path / "saved_model"))
    (tmp_path / "model.tflite").write_bytes(content)
    arrays = {**subject.material.learned.inputs(np.arange(32))}
    assert TfliteModel(tmp_path / "model.tflite", threads=1).outputs(arrays) == pytest.approx(given, abs=0.1)


def test_tables_of_users_and_items_become_narrow() -> None:
    subject = rating_subject()
    small = factorise(subject, FactoriseOptions(embedding_rank=3)).network
    shapes = {name: tuple(weight.shape) for name, weight in named_weights(small.exported).items()}
    users = subject.network.exported.get_layer("user_factors").input_dim
    assert shapes["user_factors/embeddings"] == (users, 3)
    assert shapes["user_factors_up/kernel"] == (3, 8)
    assert shapes["user_bias/embeddings"] == (users, 1)
    exact = factorise(subject, FactoriseOptions(embedding_rank=6)).network
    far, near = (np.abs(outputs(subject, each) - outputs(subject, subject.network)).mean() for each in (small, exact))
    assert near < far


def test_a_rank_that_saves_nothing_is_refused() -> None:
    with pytest.raises(RecipeError, match=r"found dense_share 0\.5 and embedding_rank 0, by which no matrix of this"):
        factorise(rating_subject(), FactoriseOptions(dense_share=0.5))
    with pytest.raises(RecipeError, match=r"embedding_rank 99, by which no matrix of this model of rating_prediction"):
        factorise(rating_subject(), FactoriseOptions(embedding_rank=99))


def test_a_chain_of_shapes_goes_from_package_to_package(tmp_path: Path) -> None:
    dataset = make_dataset(people(200), tmp_path / "dataset", test_rows=40)
    package = trained(tabular(epochs=2, hidden_units=[64, 64]), dataset, None, tmp_path)
    steps = ["prune_neurons", "factorise", "fine_tune", "float32"]
    options = {"steps": steps, "factorise": {"dense_share": 0.5}, "fine_tune": {"epochs": 1}, "neurons": {"rows": 64}}
    (tmp_path / "child").mkdir()
    figures = compress(
        CompressSpec(
            options=CompressOptions.model_validate(options),
            package=package,
            teacher=package,
            dataset=dataset,
            into=tmp_path / "child",
        )
    )
    assert read_manifest(tmp_path / "child").compression == tuple(steps)
    assert figures["size_ratio"] > 2
    assert load(tmp_path / "child").row_outputs(people(20)).shape == (20, 2)
