"""Large matrices as products of two narrow ones, such that least changes on the rows that the model learned from.

Of all matrices of a rank, the projection of W on the strongest directions of its outputs x W changes those least (in
squares, over train rows x): the truncated singular value decomposition, seen from the data (DRONE, Chen et al. 2021).
Without data it is the plain one. For a table, whose inputs choose a row, it is the one weighed by how often each row
is chosen.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from infra.errors import RecipeError
from tasks.compress.config import FactoriseOptions
from tasks.compress.low_rank import LowRankTokenEmbeddings
from tasks.compress.probes import probed, sampled
from tasks.compress.subject import Subject
from tasks.compress.surgery import Replacement, rebuilt
from tasks.compress.wiring import Wiring
from tasks.model.layers import TokenEmbeddings

Matrix = NDArray[np.float64]
_UNSEEN = 1e-3
"""How much a direction counts that no row has, as a share of the mean of all: it must not become arbitrary."""


def factorise(subject: Subject, options: FactoriseOptions) -> Subject:
    """The subject with factors in place of each matrix and table that they make smaller.

    Raises:
        RecipeError: there is none.
    """
    ranks = _ranks(subject, options)
    if not ranks:
        raise RecipeError(
            "compress.factorise",
            found=f"dense_share {options.dense_share} and embedding_rank {options.embedding_rank}, by which no matrix "
            f"of this model of {subject.manifest.task} becomes smaller",
            allowed="a rank at which two factors have fewer weights than the matrix",
            action="Lower the rank, or leave the step out.",
        )
    inputs = _inputs_seen(subject, [each.layer for each in ranks.values()], options.rows)

    def change(layer: Any) -> Replacement | None:
        return _factors(layer, ranks[id(layer)].rank, inputs[id(layer)]) if id(layer) in ranks else None

    return subject.changed(rebuilt(subject.network, change))


def narrow(matrix: Matrix, weighed: Matrix, rank: int) -> tuple[Matrix, Matrix]:
    """Two matrices (m, rank) and (rank, n) whose product is nearest to `matrix` (m, n) on its inputs.

    Args:
        weighed: C times `matrix`, where C (m, m) is the second moment of the inputs.
    """
    from scipy.linalg import eigh

    size = matrix.shape[1]
    _, directions = eigh(matrix.T @ weighed, subset_by_index=(size - rank, size - 1))
    strongest: Matrix = directions[:, ::-1]
    return matrix @ strongest, strongest.T


@dataclass(frozen=True)
class _Ranked:
    layer: Any
    rank: int


def _ranks(subject: Subject, options: FactoriseOptions) -> dict[int, _Ranked]:
    """The rank of each layer for which one saves weights, by the layer's id."""
    found = {}
    for layer in Wiring(subject.network).layers:
        if type(layer) not in _FACTORS:
            continue
        rows, columns = layer.get_weights()[0].shape
        even = rows * columns / (rows + columns)
        share, rank = options.dense_share, options.embedding_rank
        if type(layer) is tf.keras.layers.Dense:
            rank = max(1, int(share * even)) if share else 0
        if 0 < rank < even:
            found[id(layer)] = _Ranked(layer, rank)
    return found


def _inputs_seen(subject: Subject, layers: list[Any], rows: int) -> Mapping[int, _Moments | _Counts]:
    """What flowed into layers on train rows, by their id."""
    seen: dict[int, _Moments | _Counts] = {
        id(layer): (_Moments if type(layer) is tf.keras.layers.Dense else _Counts)(layer.get_weights()[0].shape[0])
        for layer in layers
    }
    network = probed(subject.network, seen)
    for part in sampled(subject, rows):
        network.trained({name: tf.constant(array) for name, array in part.inputs.items()}, training=False)
    return seen


class _Moments:
    """The second moment of vectors."""

    def __init__(self, size: int) -> None:
        self.sums = np.zeros((size, size))

    def __call__(self, inputs: Any) -> Any:
        """(..., size) as they are."""
        rows = inputs.numpy().reshape(-1, len(self.sums))
        self.sums += rows.T @ rows
        return inputs

    def of(self, matrix: Matrix) -> Matrix:
        """Times a matrix (size, n)."""
        mean = np.trace(self.sums) / len(self.sums)
        result: Matrix = self.sums @ matrix / mean + _UNSEEN * matrix if mean else matrix
        return result


class _Counts:
    """How often each row of a table was looked up, which is the second moment of what chooses rows: a diagonal."""

    def __init__(self, size: int) -> None:
        self.counts = np.zeros(size)

    def __call__(self, inputs: Any) -> Any:
        """Integers of any shape as they are."""
        self.counts += np.bincount(inputs.numpy().reshape(-1), minlength=len(self.counts))
        return inputs

    def of(self, matrix: Matrix) -> Matrix:
        """Times a matrix (size, n)."""
        mean = self.counts.mean()
        result: Matrix = (self.counts / mean + _UNSEEN)[:, None] * matrix if mean else matrix
        return result


def _factors(layer: Any, rank: int, inputs: _Moments | _Counts) -> Replacement:
    first, *others = layer.get_weights()
    matrix = first.astype(np.float64)
    left, right = narrow(matrix, inputs.of(matrix), rank)
    layers, weights = _FACTORS[type(layer)](layer, rank, left, right, others)
    for made in layers:
        made.trainable = layer.trainable
    return Replacement(layers, weights)


_Made = tuple[list[Any], list[list[Any]]]


def _dense(layer: Any, rank: int, left: Matrix, right: Matrix, others: list[Any]) -> _Made:
    """The second keeps the name, the bias and the activation."""
    down = tf.keras.layers.Dense(rank, use_bias=False, name=f"{layer.name}_down")
    return [down, type(layer).from_config(layer.get_config())], [[left], [right, *others]]


def _table(layer: Any, rank: int, left: Matrix, right: Matrix, _: list[Any]) -> _Made:
    """The first keeps the name."""
    table = type(layer).from_config({**layer.get_config(), "output_dim": rank})
    return [table, tf.keras.layers.Dense(right.shape[1], use_bias=False, name=f"{layer.name}_up")], [[left], [right]]


def _words(layer: Any, rank: int, left: Matrix, right: Matrix, others: list[Any]) -> _Made:
    return [LowRankTokenEmbeddings.from_config({**layer.get_config(), "rank": rank})], [[left, *others, right]]


_FACTORS: Mapping[type[Any], Callable[[Any, int, Matrix, Matrix, list[Any]], _Made]] = {
    tf.keras.layers.Dense: _dense,
    tf.keras.layers.Embedding: _table,
    TokenEmbeddings: _words,
}
