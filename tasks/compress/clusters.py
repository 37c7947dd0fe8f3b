"""Weights that share a few values: the clusters of each matrix."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tasks.compress.config import ClusterOptions
from tasks.compress.marks import SharedValues, Values
from tasks.compress.matrices import usable_matrices
from tasks.compress.subject import Subject
from tasks.compress.surgery import rebuilt
from tasks.compress.tuning import tune

_SAMPLE = 2**14  # values of which centres are found; 1-D clusters need no more


def cluster(subject: Subject, options: ClusterOptions) -> Subject:
    """The subject with a few distinct values in each matrix, which were trained after (Han, Mao and Dally 2016).

    Raises:
        RecipeError: it has no matrices.
        TrainingError: a weight or the loss is not a number.
    """
    network = rebuilt(subject.network)
    found = usable_matrices(subject, network, "cluster")
    for matrix in found:
        matrix.variable.assign(shared(matrix.variable.numpy(), options.clusters))
    tune(subject, network, options.tuning, [SharedValues(found)])
    return subject.changed(network)


def shared(values: Values, clusters: int) -> Values:
    """Each value replaced by the mean of its cluster, of which there are at most so many; zeros are one, if any."""
    is_zero = values == 0
    rest = values[~is_zero].astype(np.float64)
    wanted = clusters - bool(is_zero.any())
    if np.unique(rest).size <= wanted:
        return values
    centres = _centres(rest, wanted)
    places = np.searchsorted((centres[1:] + centres[:-1]) / 2, rest)
    sums, counts = (np.bincount(places, weights, len(centres)) for weights in (rest, None))
    replaced = np.zeros_like(values)
    replaced[~is_zero] = (sums / np.maximum(1, counts))[places]
    return replaced


def _centres(values: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """Centres of clusters, rising, by k-means.

    It starts from evenly spaced values: large weights are few, but count much (Han, Mao and Dally 2016, section 3.2).
    Of many values it sees every so manieth by size, the smallest and the largest among them.
    """
    from sklearn.cluster import KMeans

    places = np.linspace(0, values.size - 1, min(values.size, _SAMPLE)).round().astype(np.int64)
    sample = np.sort(values)[places]
    start = np.linspace(sample[0], sample[-1], min(count, np.unique(sample).size))
    means = KMeans(len(start), init=start[:, None], n_init=1, algorithm="lloyd").fit(sample[:, None])
    return np.sort(means.cluster_centers_[:, 0])
