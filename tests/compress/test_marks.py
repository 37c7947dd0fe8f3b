"""What a chain has made of weights stays to its end."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tasks.compress.chain import Method
from tasks.compress.config import CompressOptions
from tasks.compress.marks import SharedValues, Zeros, marks
from tasks.compress.matrices import Matrix, weight_figures
from tasks.compress.methods import apply
from tasks.compress.spec import CompressSpec
from tasks.compress.subject import Subject
from tasks.compress.worker import compress
from tasks.data.references import DatasetRef
from tasks.model.names import saved_weights
from tasks.runtime.package import read_manifest
from tests.compress.subjects import tabular_subject
from tests.compress.test_sparsity import weights_by_name
from tests.compress.test_subject import trained
from tests.packages import make_dataset
from tests.train.conftest import people, tabular

ONE_EPOCH = {"epochs": 1}
OPTIONS = CompressOptions.model_validate(
    {
        "steps": ["prune", "cluster", "quantise_aware", "int8"],
        "prune": {"sparsity": 0.6, "tuning": ONE_EPOCH},
        "two_of_four": ONE_EPOCH,
        "cluster": {"clusters": 7, "tuning": ONE_EPOCH},
        "quantise_aware": {"tuning": ONE_EPOCH},
        "fine_tune": ONE_EPOCH,
        "distil": ONE_EPOCH,
    }
)


def matrix(values: Any) -> Matrix:
    import tensorflow as tf

    return Matrix("a/kernel", tf.Variable(np.array(values, np.float32)), is_kernel=True)


def after(subject: Subject, *methods: Method) -> Subject:
    """The subject after methods of a chain, one by one as a worker takes them."""
    teacher = subject
    for method in methods:
        done = apply(method, subject, lambda: teacher, OPTIONS)
        compression = (*subject.manifest.compression, method)
        subject = replace(done, manifest=subject.manifest.model_copy(update={"compression": compression}))
    return subject


def test_zeros_are_put_back() -> None:
    one = matrix([[0.0, 2.0], [-1.0, 0.0]])
    zeros = Zeros([one])
    one.variable.assign([[5.0, 3.0], [0.0, np.nan]])

    zeros()

    assert one.variable.numpy().tolist() == [[0.0, 3.0], [0.0, 0.0]]


def test_values_move_by_the_mean_of_their_members_and_zero_stays() -> None:
    """Three ones move by 0.1, 0.3 and -0.1; the two by -0.5; the zero by 0.9."""
    one = matrix([[1.0, 1.0, 1.0], [2.0, 0.0, 2.0]])
    shared = SharedValues([one])
    one.variable.assign([[1.1, 1.3, 0.9], [1.5, 0.9, 1.5]])

    shared()

    assert np.allclose(one.variable.numpy(), [[1.1, 1.1, 1.1], [1.5, 0.0, 1.5]])
    assert np.unique(one.variable.numpy()).size == 3


def test_a_million_equal_weights_do_not_drift() -> None:
    """A float32 sum of them, one by one, is wrong in its third digit."""
    one = matrix(np.full((1000, 1000), 0.05))
    shared = SharedValues([one])

    shared()

    assert (one.variable.numpy() == np.float32(0.05)).all()


def test_a_chain_without_marks_holds_nothing() -> None:
    network = tabular_subject([4], 20).network

    assert marks(network, ("prune_neurons", "fine_tune", "quantise_aware")) == []
    assert len(marks(network, ("prune", "fine_tune", "cluster"))) == 2


@pytest.mark.parametrize("training", ["fine_tune", "distil"])
def test_later_trainings_keep_zeros(training: Method) -> None:
    pruned = after(tabular_subject([16, 8]), "prune")

    tuned = weights_by_name(after(pruned, training).network)

    for name, values in weights_by_name(pruned.network).items():
        assert np.array_equal(tuned[name] == 0, values == 0), name
        assert not np.array_equal(tuned[name], values), name


def test_later_trainings_keep_which_weights_share_values() -> None:
    clustered = after(tabular_subject([16, 8]), "prune_2_of_4", "cluster")

    tuned = weights_by_name(after(clustered, "fine_tune").network)

    for name, values in weights_by_name(clustered.network).items():
        places, tuned_places = (np.unique(each, return_inverse=True)[1] for each in (values, tuned[name]))
        assert np.array_equal(places, tuned_places), name
        assert not np.array_equal(tuned[name], values), name


def test_figures_by_hand() -> None:
    weights = {
        "a/kernel": np.array([[0.0, 1.0], [0.0, 2.0]]),
        "b/kernel": np.array([[1.0], [3.0]]),
        "c/embeddings": np.array([[0.0], [0.0]]),  # of one column: biases
        "a/bias": np.zeros(9),
    }

    assert weight_figures(weights, ("prune",)) == {"sparsity": 2 / 6}
    assert weight_figures(weights, ("prune_2_of_4", "cluster")) == {"sparsity": 2 / 6, "distinct_values": 3.0}
    assert weight_figures(weights, ("fine_tune",)) == {}


@pytest.fixture(scope="module")
def income(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, DatasetRef]:
    """A model with two matrices that int8 takes in: (35, 64) and (64, 32)."""
    folder = tmp_path_factory.mktemp("income")
    dataset = make_dataset(people(200), folder / "dataset", test_rows=40)
    return trained(tabular(epochs=3, hidden_units=[64, 32]), dataset, None, folder), dataset


def test_zeros_shared_values_and_the_int8_grid_survive_to_the_end_of_a_chain(
    income: tuple[Path, DatasetRef], tmp_path: Path
) -> None:
    package, dataset = income
    (tmp_path / "child").mkdir()
    spec = CompressSpec(options=OPTIONS, package=package, teacher=package, dataset=dataset, into=tmp_path / "child")

    figures = compress(spec)

    assert read_manifest(spec.into).compression == ("prune", "cluster", "quantise_aware", "int8")
    assert figures["sparsity"] == pytest.approx(0.6, abs=0.01)
    assert figures["distinct_values"] <= 7
    assert figures["difference_mean"] < 0.3
    integers = int8_matrices(spec.into / "model.tflite")
    assert sorted(each.shape for each in integers) == [(32, 64), (64, 35)]
    for each in integers:
        assert np.count_nonzero(each == 0) >= round(0.6 * each.size)
        assert np.unique(each).size <= 7
        assert np.abs(each).max() == 127


def test_a_chain_that_ends_before_its_conversion_tells_its_figures(
    income: tuple[Path, DatasetRef], tmp_path: Path
) -> None:
    package, dataset = income
    into = tmp_path / "child"
    into.mkdir()
    options = OPTIONS.model_copy(update={"steps": ["prune"]})

    figures = compress(CompressSpec(options=options, package=package, teacher=package, dataset=dataset, into=into))

    kernels = {name: values for name, values in saved_weights(into / "saved_model").items() if values.ndim > 1}
    assert {name: np.count_nonzero(values == 0) for name, values in kernels.items()} == {
        name: round(0.6 * values.size) for name, values in kernels.items()
    }
    assert figures["sparsity"] == pytest.approx(0.6, abs=0.01)
    assert "distinct_values" not in figures


def int8_matrices(file: Path) -> list[np.ndarray[Any, np.dtype[np.int8]]]:
    """The constants of a TFLite file that are int8."""
    import tensorflow as tf

    model = tf.lite.Interpreter(model_path=str(file))
    written = {int(place) for operator in model._get_ops_details() for place in operator["outputs"]}
    details = [one for one in model.get_tensor_details() if one["dtype"] == np.int8 and one["index"] not in written]
    return [model.get_tensor(one["index"]) for one in details]
