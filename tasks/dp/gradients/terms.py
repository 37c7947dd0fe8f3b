"""Gradients of single examples as layers leave them: factors whose products need not be formed.

Of every kind one can tell the gradients' norms, and their sum weighed by a factor for each example, from the same
tensors: so one backward pass does (book-keeping, Bu et al. 2022, "Differentially Private Optimization on Large Model at
Small Cost").
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

_GRAM_COST, _FORMED_COST = 2.0, 30.0
"""Of a product in float64 in the norm by Gram matrices, and of writing and reading a formed gradient's number."""
_MOST_KEPT = 2**15  # numbers of one example's gradient that are kept until the sum where texts' lengths are open


@dataclass(frozen=True)
class Products:
    """The gradient is the sum over places t of the outer products inputs[t] x gradients[t].

    So it is of a dense layer's kernel, and of a convolution's, whose places are where the kernel lies.

    Attributes:
        inputs: (b, t, k).
        gradients: (b, t, c).
    """

    inputs: Any
    gradients: Any


@dataclass(frozen=True)
class Lookups:
    """The gradient is zero but for rows ids[t] of a table, to which gradients[t] are added.

    Attributes:
        ids: (b, t).
        gradients: (b, t, c).
    """

    ids: Any
    gradients: Any


@dataclass(frozen=True)
class Formed:
    """The gradients themselves (b, ...)."""

    gradients: Any


Term = Products | Lookups | Formed


@dataclass(frozen=True)
class Kept:
    """What is kept of a weight's gradients between their norms and their sum.

    Attributes:
        squares: (b,), the squared norm of each example's gradient.
        tensors: (b, ...) each; of an example that must not count they can be set to zero.
        total: from the factors (b,) and the tensors to the sum of the gradients, each times its factor.
    """

    squares: Any
    tensors: tuple[Any, ...]
    total: Callable[..., Any]


def keep(terms: Sequence[Term], shape: Sequence[int]) -> Kept:
    """For a weight of that shape, used wherever the terms come from: a tied weight's gradients are added up first."""
    if all(isinstance(term, Products) for term in terms):
        inputs, gradients = _joined(terms, "inputs", "gradients")
        return _products(inputs, gradients, shape)
    if all(isinstance(term, Lookups) for term in terms):
        ids, gradients = _joined(terms, "ids", "gradients")
        return _lookups(ids, gradients, shape)
    return _formed(tf.add_n([_form(term, shape) for term in terms]), shape)


def _joined(terms: Sequence[Term], *names: str) -> list[Any]:
    """The terms' tensors, the places of all terms beside each other."""
    lists = [[getattr(term, name) for term in terms] for name in names]
    return [tensors[0] if len(tensors) == 1 else tf.concat(tensors, 1) for tensors in lists]


def _form(term: Term, shape: Sequence[int]) -> Any:
    """(b, n) of any term."""
    size = math.prod(shape)
    if isinstance(term, Formed):
        return tf.reshape(term.gradients, (-1, size))
    if isinstance(term, Products):
        return tf.reshape(tf.matmul(term.inputs, term.gradients, transpose_a=True), (-1, size))
    rows, (_, keys) = tf.shape(term.ids)[0], _keys(term.ids, shape[0])
    flat = tf.reshape(term.gradients, (-1, shape[1]))
    return tf.reshape(tf.math.unsorted_segment_sum(flat, keys, rows * shape[0]), (-1, size))


def _formed(gradients: Any, shape: Sequence[int]) -> Kept:
    def total(factors: Any, gradients: Any) -> Any:
        return tf.reshape(tf.linalg.matvec(gradients, factors, transpose_a=True), shape)

    return Kept(_square(gradients), (gradients,), total)


def _formed_products(inputs: Any, gradients: Any, shape: Sequence[int]) -> Kept:
    """The narrower factor goes first into the product, which is faster; what comes out may lie on its side."""
    width, outputs = inputs.shape[2], gradients.shape[2]
    if width <= outputs:
        return _formed(_form(Products(inputs, gradients), shape), shape)
    kept = _formed(_form(Products(gradients, inputs), shape), (outputs, width))
    return Kept(kept.squares, kept.tensors, lambda *found: tf.reshape(tf.transpose(kept.total(*found)), shape))


def _products(inputs: Any, gradients: Any, shape: Sequence[int]) -> Kept:
    """The cheapest way to the norms; formed gradients are kept for the sum where they are small."""
    width, outputs, places = inputs.shape[2], gradients.shape[2], inputs.shape[1]
    if places != 1 and _is_kept(places, width, outputs):
        return _formed_products(inputs, gradients, shape)

    def total(factors: Any, inputs: Any, gradients: Any) -> Any:
        scaled = gradients * factors[:, None, None]
        flat = tf.matmul(tf.reshape(inputs, (-1, width)), tf.reshape(scaled, (-1, outputs)), transpose_a=True)
        return tf.reshape(flat, shape)

    if places == 1:  # the norm of a single outer product is the product of both norms
        return Kept(_square(inputs) * _square(gradients), (inputs, gradients), total)
    count = tf.cast(tf.shape(inputs)[1], tf.float32)
    squares = tf.cond(
        _GRAM_COST * count * count * (width + outputs) < _FORMED_COST * width * outputs,
        lambda: gram_squares(inputs, gradients),
        lambda: _square(tf.matmul(inputs, gradients, transpose_a=True)),
    )
    return Kept(squares, (inputs, gradients), total)


def _is_kept(places: int | None, width: int, outputs: int) -> bool:
    if places is None:
        return width * outputs <= _MOST_KEPT
    return _FORMED_COST * width * outputs <= _GRAM_COST * places * places * (width + outputs)


def gram_squares(inputs: Any, gradients: Any) -> Any:
    """Squared norms (b,) of sum_t a_t x g_t as sum_ts (a_t a_s)(g_t g_s) (Li et al. 2021, ghost clipping).

    In float64: terms of both signs may cancel, and a norm that float32 makes too small would clip too little.
    """
    inputs, gradients = tf.cast(inputs, tf.float64), tf.cast(gradients, tf.float64)
    grams = (tf.matmul(tensor, tensor, transpose_b=True) for tensor in (inputs, gradients))
    return tf.cast(tf.nn.relu(tf.reduce_sum(tf.multiply(*grams), [1, 2])), tf.float32)


def _lookups(ids: Any, gradients: Any, shape: Sequence[int]) -> Kept:
    rows, width = shape

    def total(factors: Any, gradients: Any) -> Any:
        scaled = tf.reshape(gradients * factors[:, None, None], (-1, width))
        return tf.math.unsorted_segment_sum(scaled, tf.reshape(ids, [-1]), rows)

    if ids.shape[1] == 1:
        return Kept(_square(gradients), (gradients,), total)
    unique, keys = _keys(ids, rows)
    distinct, places = tf.unique(keys)
    sums = tf.math.unsorted_segment_sum(tf.reshape(gradients, (-1, width)), places, tf.size(distinct))
    squares = tf.math.unsorted_segment_sum(_square(sums), distinct // rows, unique)
    return Kept(squares, (gradients,), total)


def _keys(ids: Any, rows: int) -> tuple[Any, Any]:
    """How many examples there are, and for each id (b * t,) a number of its own for that row of that example."""
    examples = tf.shape(ids, tf.int64)[0]
    return examples, tf.reshape(tf.range(examples)[:, None] * rows + tf.cast(ids, tf.int64), [-1])


def _square(tensor: Any) -> Any:
    """(b, ...) to the squared norms (b,)."""
    return tf.reduce_sum(tf.square(tensor), list(range(1, len(tensor.shape))))
