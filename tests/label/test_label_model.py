"""The label model on votes that one can compute, and on votes of known quality."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tasks.label.functions import ABSTAIN, Votes
from tasks.label.label_model import PRIOR_ROWS, count_patterns, fit_accuracies, fit_label_model, majority

A = ABSTAIN


def unknown(rows: int) -> NDArray[np.int64]:
    return np.full(rows, A)


def cast(truth: NDArray[np.int64], accuracies: list[float], coverage: float, classes: int, seed: int) -> Votes:
    """Votes of independent functions with these accuracies."""
    chance = np.random.default_rng(seed)
    votes = np.full((len(truth), len(accuracies)), A, np.int16)
    for place, accuracy in enumerate(accuracies):
        wrong = (truth + chance.integers(1, classes, len(truth))) % classes
        vote = np.where(chance.random(len(truth)) < accuracy, truth, wrong)
        votes[:, place] = np.where(chance.random(len(truth)) < coverage, vote, A)
    return votes


def test_majority_counts() -> None:
    votes = np.array([[0, 0, 1], [A, 1, A], [A, A, A]], np.int16)
    assert majority(votes, 2).tolist() == [[2 / 3, 1 / 3], [0, 1], [0.5, 0.5]]


def test_equal_rows_are_counted_once() -> None:
    votes = np.array([[0, A], [1, 1], [0, A], [0, A]], np.int16)
    patterns = count_patterns(votes, np.array([A, 0, 1, 1]), 2)
    assert patterns.votes.tolist() == [[0, A], [1, 1]]
    assert patterns.counts.tolist() == [3, 1]
    assert patterns.known.tolist() == [[0, 2], [1, 0]]
    assert patterns.voted.all()


def test_one_vote_means_what_its_function_s_accuracy_says() -> None:
    votes = np.array([[0, 0], [0, A], [1, 1]], np.int16)
    patterns = count_patterns(votes, unknown(3), 2)
    accuracies = fit_accuracies(patterns, 2)
    found = fit_label_model(patterns).probabilities(np.array([[0, A]], np.int16))
    assert found[0] == pytest.approx(
        [accuracies[0], 1 - accuracies[0]]
    )  # two labels alike, and abstentions say nothing


def test_good_functions_are_told_from_bad_ones_without_a_label() -> None:
    truth = np.random.default_rng(1).integers(0, 3, 4000)
    votes = cast(truth, [0.9, 0.85, 0.8, 0.5, 0.4], 0.6, 3, seed=2)
    accuracies = fit_accuracies(count_patterns(votes, unknown(4000), 3), 3)
    assert list(np.argsort(-accuracies)) == [0, 1, 2, 3, 4]
    found = fit_label_model(count_patterns(votes, unknown(4000), 3)).probabilities(votes).argmax(axis=1)
    voted = (votes != A).any(axis=1)
    chance = np.random.default_rng(0).random((4000, 3)) * 1e-3  # breaks ties
    counted = (majority(votes, 3) + chance).argmax(axis=1)
    assert (found == truth)[voted].mean() > (counted == truth)[voted].mean() + 0.03


def test_labels_teach_what_votes_can_t() -> None:
    """Two functions that err together outvote one that is right, until labels show it."""
    chance = np.random.default_rng(0)
    truth = chance.integers(0, 2, 6000)
    herd = np.where(chance.random(6000) < 0.55, truth, 1 - truth)
    votes = np.column_stack([herd, herd, np.where(chance.random(6000) < 0.9, truth, 1 - truth)]).astype(np.int16)
    known = np.where(np.arange(6000) < 1000, truth, A)
    blind = fit_label_model(count_patterns(votes, unknown(6000), 2)).probabilities(votes).argmax(axis=1)
    taught = fit_label_model(count_patterns(votes, known, 2)).probabilities(votes).argmax(axis=1)
    assert (blind == truth).mean() < 0.65
    assert (taught == truth)[1000:].mean() > 0.85


def test_the_tables_are_probabilities_and_hold_the_counts() -> None:
    votes = np.array([[0], [0], [1]], np.int16)
    model = fit_label_model(count_patterns(votes, np.array([0, 0, 0]), 2))
    assert model.rates.sum(axis=2) == pytest.approx(np.ones((1, 2)))
    assert model.balance == pytest.approx([(3 + PRIOR_ROWS / 2) / (3 + PRIOR_ROWS), PRIOR_ROWS / 2 / (3 + PRIOR_ROWS)])


@settings(max_examples=50)
@given(st.lists(st.lists(st.integers(A, 2), min_size=3, max_size=3), min_size=1, max_size=30), st.randoms())
def test_neither_the_order_of_rows_nor_of_functions_counts(rows: list[list[int]], chance: object) -> None:
    votes = np.array(rows, np.int16)
    model = fit_label_model(count_patterns(votes, unknown(len(rows)), 3))
    found = model.probabilities(votes)
    assert np.isfinite(found).all()
    assert found.sum(axis=1) == pytest.approx(np.ones(len(rows)))
    order = np.random.default_rng(0).permutation(len(rows))
    turned = votes[order][:, ::-1]
    again = fit_label_model(count_patterns(turned, unknown(len(rows)), 3)).probabilities(turned)
    assert again == pytest.approx(found[order], abs=1e-6)
