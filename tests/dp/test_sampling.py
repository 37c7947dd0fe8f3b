"""Poisson sampling, by its counts; the generators are seeded, so a test that passes once always does."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from tasks.dp.randomness import Randomness
from tasks.dp.sampling import parts, poisson_sample
from tasks.fit.batches import Examples
from tests.fit.lines import examples, points

ROWS, STEPS = 40, 4000


@pytest.fixture(scope="module", params=[0.05, 0.3])
def taken(request: pytest.FixtureRequest) -> tuple[float, np.ndarray]:
    """The rate, and which rows were in which step (steps, rows)."""
    chosen = np.zeros((STEPS, ROWS), bool)
    for step in range(STEPS):
        chosen[step, poisson_sample(ROWS, request.param, Randomness(1).of(step, "rows"))] = True
    return request.param, chosen


def test_each_row_is_taken_at_the_rate(taken: tuple[float, np.ndarray]) -> None:
    rate, chosen = taken
    counts = chosen.sum(axis=0)
    squares = ((counts - STEPS * rate) ** 2 / (STEPS * rate * (1 - rate))).sum()
    assert 1e-4 < stats.chi2.cdf(squares, ROWS) < 1 - 1e-4


def test_how_many_are_taken_is_binomial(taken: tuple[float, np.ndarray]) -> None:
    rate, chosen = taken
    sizes = np.bincount(chosen.sum(axis=1), minlength=ROWS + 1)
    expected = STEPS * stats.binom.pmf(np.arange(ROWS + 1), ROWS, rate)
    common = expected >= 5
    observed = np.append(sizes[common], sizes[~common].sum())
    assert stats.chisquare(observed, np.append(expected[common], expected[~common].sum())).pvalue > 1e-4


def test_rows_and_steps_know_nothing_of_each_other(taken: tuple[float, np.ndarray]) -> None:
    rate, chosen = taken
    centred = (chosen - rate) / np.sqrt(rate * (1 - rate))
    between = centred.T @ centred / STEPS
    pairs = between[np.triu_indices(ROWS, 1)]
    assert abs(pairs).max() < 5 / np.sqrt(STEPS) and 0.9 < STEPS * pairs.var() < 1.1
    following = (centred[1:] * centred[:-1]).mean(axis=0)
    assert abs(following).max() < 5 / np.sqrt(STEPS)


def test_a_rate_of_one_takes_all_and_a_low_one_may_take_none() -> None:
    assert poisson_sample(5, 1.0, Randomness(0).of(0, "rows")).tolist() == [0, 1, 2, 3, 4]
    assert len(poisson_sample(5, 1e-9, Randomness(0).of(0, "rows"))) == 0


def test_a_sample_comes_in_parts_that_hold_each_row_once() -> None:
    where, labels = points()
    found = list(parts(examples(where, labels), np.array([3, 8, 20, 21, 49]), most=2))
    assert [part.rows.tolist() for part in found] == [[3, 8], [20, 21], [49]]
    np.testing.assert_array_equal(found[1].inputs["numeric"], where[[20, 21]])
    np.testing.assert_array_equal(np.asarray(found[1].targets), labels[[20, 21]])
    assert not list(parts(examples(where, labels), np.array([], np.int64), most=2))


def test_texts_of_like_length_are_computed_together() -> None:
    lengths = np.array([9, 2, 8, 1], np.int32)
    texts = Examples(lambda rows: rows, lambda rows: {"ids": np.zeros((len(rows), 9))}, 4, lengths)
    assert [part.rows.tolist() for part in parts(texts, np.arange(4), most=2)] == [[3, 1], [2, 0]]
