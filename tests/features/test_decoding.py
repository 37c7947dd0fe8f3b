"""Tags that together mark spans."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tasks.features.decoding import always_continues, best_tags

LABELS = ("O", "B-to", "I-to", "B-from", "I-from")


def is_valid(tags: tuple[str, ...]) -> bool:
    pairs = zip(("O", *tags), tags, strict=False)
    return all(tag[0] != "I" or (before != "O" and before[2:] == tag[2:]) for before, tag in pairs)


def test_a_likely_inside_needs_a_beginning() -> None:
    """Word by word `I-to` would be told twice; with a beginning that is the best pair."""
    probabilities = np.array([[0.3, 0.3, 0.35, 0.05, 0.0], [0.2, 0.0, 0.7, 0.1, 0.0]]) + 1e-9

    told = best_tags(LABELS, np.log(probabilities))

    assert [LABELS[place] for place in told] == ["B-to", "I-to"]


@given(arrays(np.float32, st.tuples(st.integers(1, 4), st.just(len(LABELS))), elements=st.floats(-8, 8, width=16)))
def test_no_valid_sequence_is_better(scores: np.ndarray) -> None:
    told = best_tags(LABELS, scores)

    def worth(places: tuple[int, ...]) -> float:
        return float(scores[np.arange(len(scores)), list(places)].astype(np.float64).sum())

    valid = [
        places
        for places in product(range(len(LABELS)), repeat=len(scores))
        if is_valid(tuple(LABELS[place] for place in places))
    ]
    assert tuple(told.tolist()) in valid
    assert worth(tuple(told.tolist())) == pytest.approx(max(map(worth, valid)))


def test_words_without_any_probability_are_outside() -> None:
    scores = np.log(np.maximum(np.array([[0, 0.9, 0.1, 0, 0], [0] * 5, [0] * 5]), 1e-12))

    assert best_tags(LABELS, scores).tolist() == [1, 0, 0]
    assert best_tags(LABELS, scores[:0]).tolist() == []


@pytest.mark.parametrize(
    ("lists", "continues"),
    [
        ([["B-to", "I-to", "O"], ["O"]], True),
        ([["B-to", "I-to"]] * 99 + [["I-to"]], True),
        ([["I-to", "I-to"], ["O", "I-to"]], False),
        ([["B-to", "I-from"]], False),
        ([], True),
    ],
)
def test_the_scheme_is_told_by_the_train_split(lists: list[list[str]], continues: bool) -> None:
    assert always_continues(lists) is continues
