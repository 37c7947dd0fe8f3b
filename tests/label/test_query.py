"""Which rows are asked about."""

from __future__ import annotations

import math

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.label.query import entropy_doubt, margin_doubt, most_diverse, most_doubtful

PROBABILITIES = np.array([[0.9, 0.1, 0.0], [0.45, 0.44, 0.11], [0.4, 0.3, 0.3], [0.9, 0.1, 0.0]])


def test_doubt_by_hand() -> None:
    assert margin_doubt(PROBABILITIES) == pytest.approx([-0.8, -0.01, -0.1, -0.8])
    assert entropy_doubt(PROBABILITIES)[0] == pytest.approx(-0.9 * math.log(0.9) - 0.1 * math.log(0.1))
    assert entropy_doubt(np.full((1, 4), 0.25)) == pytest.approx([math.log(4)])


def test_margin_and_entropy_differ_and_equal_doubts_keep_their_order() -> None:
    assert most_doubtful(PROBABILITIES, 4, "margin").tolist() == [1, 2, 0, 3]
    assert most_doubtful(PROBABILITIES, 4, "entropy").tolist() == [2, 1, 0, 3]
    assert most_doubtful(PROBABILITIES, 2, "margin").tolist() == [1, 2]


@given(st.integers(1, 30), st.integers(1, 40), st.integers(0, 3))
def test_diverse_rows_are_distinct_and_as_many_as_there_can_be(rows: int, count: int, kinds: int) -> None:
    texts = [f"{'abcd'[row % (kinds + 1)]} word" for row in range(rows)]
    found = most_diverse(pa.table({"text": texts}), count, seed=0)
    assert len(set(found.tolist())) == len(found) == min(rows, count)
    assert set(found.tolist()) <= set(range(rows))


def test_diverse_rows_are_of_every_kind() -> None:
    kinds = ["red apple pie", "loud rock music", "fast blue car"]
    table = pa.table({"text": [f"{kinds[row % 3]} {row}" for row in range(60)]})
    assert {place % 3 for place in most_diverse(table, 3, seed=0).tolist()} == {0, 1, 2}


def test_diverse_rows_of_numbers_and_of_texts_without_words() -> None:
    table = pa.table({"size": [1.0, 1.1, 9.0, 9.1, None], "kind": ["a", "a", "b", "b", None]})
    found = most_diverse(table, 2, seed=0)
    assert len({place // 2 for place in found.tolist()}) == 2
    assert len(most_diverse(pa.table({"text": ["", "?", "!", None]}), 2, seed=0)) == 2
