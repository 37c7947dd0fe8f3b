from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from infra.errors import RecipeError, TrainingError
from tasks.compress.config import PruneOptions, TuneOptions
from tasks.compress.matrices import matrices
from tasks.compress.sparsity import is_choice, largest, prune, prune_2_of_4, sparsity_at, two_of_four
from tasks.compress.subject import Subject
from tasks.model.network import Network
from tests.compress.subjects import outputs, rating_subject, tabular_subject, text_subject

WEIGHTS = st.floats(-2, 2, width=32)
NO_TRAINING = TuneOptions(epochs=0)


def loss(subject: Subject, network: Network) -> float:
    """Of the rows that the subject learns from."""
    learned = subject.material.learned
    rows = np.arange(len(learned))
    given = network.trained(learned.inputs(rows), training=False)
    ones = np.ones(len(rows), np.float32)
    return float(subject.material.lesson.loss(given, learned.targets(rows), ones, np.float32(len(rows))))


def weights_by_name(network: Network) -> dict[str, Any]:
    return {matrix.name: matrix.variable.numpy() for matrix in matrices(network)}


def without_matrices() -> Subject:
    import tensorflow as tf

    inputs = tf.keras.Input((2,), name="numeric")
    model = tf.keras.Model({"numeric": inputs}, tf.keras.layers.Rescaling(2.0)(inputs))
    return replace(tabular_subject([4], 20), network=Network(model, model))


def test_the_smallest_go() -> None:
    values = np.array([[0.1, -3.0], [2.0, -0.5]], np.float32)

    assert largest(values, 0.5).tolist() == [[False, True], [True, False]]
    assert largest(values, 0.25).tolist() == [[False, True], [True, True]]
    assert largest(values, 0.01).all()
    assert largest(values, 0.99).tolist() == [[False, True], [False, False]]


@given(arrays(np.float32, st.integers(1, 40), elements=WEIGHTS), st.floats(0.01, 0.99))
def test_as_many_go_as_the_share_says_also_where_weights_are_equal(values: Any, share: float) -> None:
    kept = largest(values, share)

    assert np.count_nonzero(~kept) == min(values.size - 1, round(share * values.size))
    assert np.abs(values[~kept]).max(initial=0) <= np.abs(values[kept]).min()


def test_two_of_four_inputs_of_an_output_go() -> None:
    one = [0.1, 0.2, -0.3, 0.4, 5, 6, 7]  # of the last three one goes: they count a zero to four
    other = [1, -1, 1, 1, 0, 0, -2]
    kernel = np.array([one, other], np.float32).T

    assert two_of_four(kernel)[:, 0].tolist() == [False, False, True, True, False, True, True]
    assert two_of_four(kernel)[:, 1].tolist() == [True, True, False, False, True, False, True]


@given(arrays(np.float32, (2, 1, 9, 3), elements=WEIGHTS))
def test_each_four_inputs_of_a_filter_have_two_zeros_and_lose_the_least(kernel: Any) -> None:
    kept = two_of_four(kernel)

    for inputs, mask in zip(
        np.moveaxis(kernel, 2, -1).reshape(-1, 9), np.moveaxis(kept, 2, -1).reshape(-1, 9), strict=True
    ):
        for start in range(0, 8, 4):
            group, left = np.abs(inputs[start : start + 4]), mask[start : start + 4]
            assert np.count_nonzero(left) == 2
            assert group[left].sum() == pytest.approx(np.sort(group)[2:].sum())
        assert mask[8]


@pytest.mark.parametrize("total", [1, 2, 3, 7, 64, 1000])
def test_sparsity_rises_in_the_first_half_and_then_stays(total: int) -> None:
    options = PruneOptions(sparsity=0.8)
    shares = [sparsity_at(step, total, options) for step in range(total)]
    choices = [step for step in range(total) if is_choice(step, total, options)]

    assert shares == sorted(shares)
    assert shares[max(0, total // 2 - 1)] == shares[-1] == 0.8
    assert choices[-1] == max(0, total // 2 - 1)
    assert len(choices) <= 64


def test_the_cubic_by_hand() -> None:
    """Of eight steps the first half has four: three quarters, half and a quarter of the way are left, then none."""
    shares = [sparsity_at(step, 8, PruneOptions(sparsity=0.5)) for step in range(5)]

    assert shares == pytest.approx([0.5 * (1 - 0.75**3), 0.5 * (1 - 0.5**3), 0.5 * (1 - 0.25**3), 0.5, 0.5])


@pytest.mark.parametrize("schedule", ["polynomial", "constant"])
@pytest.mark.parametrize("batch_size", [0, 1000])
def test_each_matrix_has_its_share_of_zeros_however_short_the_training(schedule: Any, batch_size: int) -> None:
    """A batch of all rows makes it one step an epoch."""
    subject = tabular_subject([16, 8])
    before = weights_by_name(subject.network)
    tuning = TuneOptions(epochs=1, batch_size=batch_size)

    pruned = weights_by_name(prune(subject, PruneOptions(sparsity=0.7, schedule=schedule, tuning=tuning)).network)

    assert set(pruned) == set(before)
    for name, values in pruned.items():
        assert np.count_nonzero(values == 0) == round(0.7 * values.size), name
        assert not np.array_equal(values[values != 0], before[name][values != 0]), name
    for name, values in weights_by_name(subject.network).items():
        assert np.array_equal(values, before[name]), "the parent's weights are its own"


def test_training_makes_good_what_zeros_cost() -> None:
    subject = tabular_subject([16, 8])
    options = PruneOptions(sparsity=0.8, tuning=NO_TRAINING)

    untrained = prune(subject, options)
    trained = prune(subject, PruneOptions(sparsity=0.8, tuning=TuneOptions(epochs=6, learning_rate_share=1.0)))

    assert loss(subject, trained.network) < 0.8 * loss(subject, untrained.network)


def test_tables_and_frozen_ones_are_pruned_too(tmp_path: Path) -> None:
    pruned = prune(text_subject(tmp_path, num_hidden_layers=1), PruneOptions(sparsity=0.6, tuning=NO_TRAINING))

    words = weights_by_name(pruned.network)["embeddings/words"]
    assert np.count_nonzero(words == 0) == round(0.6 * words.size)
    for values in weights_by_name(prune(rating_subject(), PruneOptions(tuning=NO_TRAINING)).network).values():
        assert np.count_nonzero(values == 0) == values.size // 2


def test_an_encoder_with_two_of_four(tmp_path: Path) -> None:
    subject = text_subject(tmp_path, num_hidden_layers=1)

    network = prune_2_of_4(subject, TuneOptions(epochs=1)).network

    kernels = [matrix for matrix in matrices(network) if matrix.is_kernel]
    assert len(kernels) == 5
    for matrix in kernels:
        zeros = matrix.variable.numpy() == 0
        groups = zeros.T.reshape(zeros.shape[1], -1, 4)  # all sizes of this encoder are multiples of 4
        assert (groups.sum(axis=-1) >= 2).all(), matrix.name
    assert np.array_equal(
        weights_by_name(network)["embeddings/words"], weights_by_name(subject.network)["embeddings/words"]
    )
    assert not np.allclose(outputs(subject, network), outputs(subject, subject.network))


def test_a_model_of_one_layer() -> None:
    pruned = prune(tabular_subject([]), PruneOptions(sparsity=0.5, tuning=NO_TRAINING))

    assert np.mean(weights_by_name(pruned.network)["logits/kernel"] == 0) == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize(
    ("method", "make", "error"),
    [
        (
            lambda subject: prune(subject, PruneOptions()),
            without_matrices,
            r"compress.steps: prune: found a model of tabular_classification without dense layers, conv",
        ),
        (
            lambda subject: prune_2_of_4(subject, TuneOptions()),
            rating_subject,
            r"prune_2_of_4: found a model of rating_prediction without dense layers or convolutions; a",
        ),
    ],
)
def test_a_model_with_nothing_to_prune(
    method: Callable[[Subject], Subject], make: Callable[[], Subject], error: str
) -> None:
    with pytest.raises(RecipeError, match=error):
        method(make())


def test_weights_that_are_not_finite() -> None:
    subject = tabular_subject([4], 20)
    kernel = subject.network.trained.get_layer("hidden0").kernel
    kernel.assign(np.where(np.eye(*kernel.shape), np.nan, kernel.numpy()))

    with pytest.raises(TrainingError, match=r"prune: weights hidden0/kernel: found 4 of \d+ that are not finite"):
        prune(subject, PruneOptions())
