"""Norms and sums of each kind of term, in each of the ways that it may be computed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.dp.gradients.terms import Formed, Lookups, Products, gram_squares, keep

SIZES = st.integers(1, 5)
MANY = settings(max_examples=15, database=None)


def assert_right(terms: list[Any], shape: tuple[int, ...], gradients: Any, random: np.random.Generator) -> None:
    kept, factors = keep(terms, shape), random.uniform(0, 2, len(gradients)).astype(np.float32)
    rows = list(range(1, gradients.ndim))
    np.testing.assert_allclose(kept.squares, (gradients**2).sum(axis=tuple(rows)), rtol=1e-5, atol=1e-6)
    expected = np.tensordot(factors, gradients, axes=1)
    np.testing.assert_allclose(kept.total(tf.constant(factors), *kept.tensors), expected, rtol=1e-4, atol=1e-5)


@MANY
@given(SIZES, SIZES, SIZES, SIZES, SIZES, st.integers(0, 2**16))
def test_products_of_one_and_of_two_uses(b: int, t: int, u: int, k: int, c: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    first, second = ([tf.constant(random.normal(size=(b, n, size)), tf.float32) for size in (k, c)] for n in (t, u))
    one, other = (np.einsum("btk,btc->bkc", *pair) for pair in (first, second))

    assert_right([Products(*first)], (k, c), one, random)
    assert_right([Products(*first), Products(*second)], (k, c), one + other, random)


@MANY
@given(SIZES, SIZES, SIZES, SIZES, st.integers(0, 2**16))
def test_lookups_add_up_what_one_example_looks_up_twice(b: int, t: int, rows: int, c: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    ids, gradients = random.integers(0, rows, (b, t)), random.normal(size=(b, t, c)).astype(np.float32)
    formed = np.zeros((b, rows, c))
    np.add.at(formed, (np.arange(b)[:, None], ids), gradients)
    term, table = (
        Lookups(tf.constant(ids), tf.constant(gradients)),
        tf.constant(random.normal(size=(b, rows, c)), tf.float32),
    )

    assert_right([term], (rows, c), formed, random)
    assert_right([term, Formed(table)], (rows, c), formed + table.numpy(), random)  # a table that is a kernel too


def test_products_too_large_to_be_kept_are_as_those_that_are() -> None:
    """Where the number of places is open, few are done by Gram matrices and many by forming the gradients."""
    random = np.random.default_rng(0)
    width, outputs = 200, 170

    @tf.function(input_signature=[tf.TensorSpec([None, None, size]) for size in (width, outputs)])
    def squares(inputs: Any, gradients: Any) -> Any:
        kept = keep([Products(inputs, gradients)], (width, outputs))
        assert len(kept.tensors) == 2
        return kept.squares

    for places in (1, 3, 60):
        inputs, gradients = (random.normal(size=(2, places, size)).astype(np.float32) for size in (width, outputs))
        formed = np.einsum("btk,btc->bkc", inputs.astype(np.float64), gradients)
        np.testing.assert_allclose(squares(inputs, gradients), (formed**2).sum(axis=(1, 2)), rtol=1e-5)


@pytest.mark.parametrize("places", [2, 32])
def test_a_norm_by_gram_matrices_is_right_where_places_cancel(places: int) -> None:
    """Float32 is wrong there by more than the norm itself, so that a clip by it would not hold."""
    random = np.random.default_rng(1)
    inputs = np.repeat(random.normal(size=(1, 1, 16)), places, axis=1).astype(np.float32)
    gradients = random.normal(size=(1, places, 8)).astype(np.float32)
    gradients[:, -1] -= gradients.sum(axis=1) - 1e-5
    formed = np.einsum("btk,btc->bkc", inputs.astype(np.float64), gradients)
    grams = (np.einsum("btk,bsk->bts", each, each) for each in (inputs, gradients))

    found = float(gram_squares(tf.constant(inputs), tf.constant(gradients))[0])

    assert found == pytest.approx((formed**2).sum(), rel=1e-3)
    assert abs(float(np.prod(list(grams), axis=0).sum()) - found) > found
