from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tasks.compress.clusters import cluster, shared
from tasks.compress.config import ClusterOptions, PruneOptions, TuneOptions
from tasks.compress.sparsity import prune
from tests.compress.subjects import tabular_subject
from tests.compress.test_sparsity import loss, weights_by_name

NO_TRAINING = TuneOptions(epochs=0)


def test_clusters_by_hand() -> None:
    values = np.array([[0, 0, -1.0], [1.0, 1.2, 5.0]], np.float32)

    assert np.allclose(shared(values, 4), [[0, 0, -1.0], [1.1, 1.1, 5.0]])
    assert np.array_equal(shared(values, 5), values)
    assert np.allclose(shared(np.array([1.0, 1.2, 5.0], np.float32), 2), [1.1, 1.1, 5.0])


@given(arrays(np.float32, st.integers(1, 60), elements=st.floats(-2, 2, width=16)), st.integers(2, 9))
def test_values_become_few_each_the_mean_of_those_that_have_it_and_zeros_stay(values: Any, clusters: int) -> None:
    few = shared(values, clusters)

    assert np.unique(few).size <= clusters
    assert (few[values == 0] == 0).all()
    for value in np.unique(few[values != 0]):
        members = values[(few == value) & (values != 0)]
        assert members.astype(np.float64).mean() == pytest.approx(value, abs=1e-6)


def test_clusters_of_very_many_values_are_those_of_k_means() -> None:
    """Four heaps of 25,000 values that do not touch."""
    random = np.random.default_rng(0)
    heaps = np.array([-1.0, -0.2, 0.3, 2.0])
    places = random.integers(0, 4, 100_000)
    values = (heaps[places] + random.uniform(-0.05, 0.05, places.size)).astype(np.float32)

    few = shared(values, 4)

    assert np.allclose(np.unique(few), heaps, atol=0.001)
    assert np.abs(few - heaps[places]).max() < 0.001


def test_each_matrix_has_few_values_and_the_zeros_of_before() -> None:
    subject = tabular_subject([16, 8])
    pruned = prune(subject, PruneOptions(sparsity=0.5, tuning=NO_TRAINING))
    pruned = replace(pruned, manifest=pruned.manifest.model_copy(update={"compression": ("prune",)}))

    clustered = weights_by_name(cluster(pruned, ClusterOptions(clusters=6, tuning=TuneOptions(epochs=2))).network)

    for name, values in weights_by_name(pruned.network).items():
        assert 3 <= np.unique(clustered[name]).size <= 6, name
        assert np.array_equal(clustered[name] == 0, values == 0), name


def test_training_moves_the_values() -> None:
    subject = tabular_subject([16, 8])
    still = cluster(subject, ClusterOptions(clusters=3, tuning=NO_TRAINING))
    moved = cluster(subject, ClusterOptions(clusters=3, tuning=TuneOptions(epochs=6, learning_rate_share=1.0)))

    assert loss(subject, moved.network) < 0.8 * loss(subject, still.network)
    for before, after in zip(*(weights_by_name(each.network).values() for each in (still, moved)), strict=True):
        assert np.unique(after).size <= 3
        assert not np.array_equal(before, after)
        assert np.array_equal(*(np.unique(values, return_inverse=True)[1] for values in (before, after)))
