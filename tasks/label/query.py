"""Which rows to ask people about: those that the classifier doubts most (Settles 2009, section 3.1).

Before there are labels to learn from there is no doubt either, and unlike rows are asked about: the one nearest to the
centre of each of as many clusters as rows are wanted.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tasks.label.classifier import Floats, Places, is_text, numbers, single_thread, term_vectors

Strategy = Literal["margin", "entropy", "random", "diverse"]
_DIMENSIONS = 50


def margin_doubt(probabilities: Floats) -> Floats:
    """Minus the gap between the two most probable labels, (rows,): the smaller the gap, the more doubtful."""
    ordered = np.sort(probabilities, axis=1)
    doubt: Floats = ordered[:, -2] - ordered[:, -1]
    return doubt


def entropy_doubt(probabilities: Floats) -> Floats:
    """Entropy of each row in nats, (rows,)."""
    safe = np.clip(probabilities, 1e-12, 1.0)
    doubt: Floats = -(safe * np.log(safe)).sum(axis=1)
    return doubt


def most_doubtful(probabilities: Floats, count: int, strategy: Literal["margin", "entropy"]) -> Places:
    """Places of the `count` rows of greatest doubt, the greatest first; of equal ones the earlier."""
    doubt = margin_doubt(probabilities) if strategy == "margin" else entropy_doubt(probabilities)
    places: Places = np.argsort(-doubt, kind="stable")[:count]
    return places


def most_diverse(rows: pa.Table, count: int, seed: int) -> Places:
    """Places of `count` unlike rows, at most as many as there are, the largest cluster's first."""
    if rows.num_rows <= count:
        return np.arange(rows.num_rows)
    from sklearn.cluster import MiniBatchKMeans

    with single_thread(), np.errstate(divide="ignore", invalid="ignore"):  # rows that are all alike have no variance
        vectors = _dense(rows, seed)
        clusters = MiniBatchKMeans(count, random_state=seed, n_init=1, batch_size=1024).fit(vectors)
    nearest = _nearest(vectors, clusters.labels_, clusters.cluster_centers_)
    sizes = np.bincount(clusters.labels_, minlength=count)
    ordered = nearest[np.argsort(-sizes[clusters.labels_[nearest]], kind="stable")]
    rest = np.setdiff1d(np.arange(rows.num_rows), ordered)  # rows that are alike leave clusters empty
    places: Places = np.concatenate([ordered, rest])[:count]
    return places


def _nearest(vectors: Floats, clusters: NDArray[np.int32], centres: Floats) -> Places:
    """The place of the row nearest to the centre of each cluster that has one."""
    gaps = np.linalg.norm(vectors - centres[clusters], axis=1)
    order = np.lexsort((gaps, clusters))
    _, first = np.unique(clusters[order], return_index=True)
    nearest: Places = order[first]
    return nearest


def _dense(rows: pa.Table, seed: int) -> Floats:
    """Vectors to cluster: the main directions of the words, or standardised numbers."""
    if is_text(rows):
        from sklearn.decomposition import TruncatedSVD
        from sklearn.preprocessing import normalize

        terms: Any = term_vectors(rows)
        size = min(_DIMENSIONS, terms.shape[1] - 1, terms.shape[0] - 1)
        reduced: Floats = (
            normalize(TruncatedSVD(size, random_state=seed).fit_transform(terms)) if size > 0 else terms.toarray()
        )
        return reduced
    table = np.nan_to_num(numbers(rows), nan=-1.0)
    scaled: Floats = (table - table.mean(axis=0)) / np.maximum(table.std(axis=0), 1e-9)
    return scaled
