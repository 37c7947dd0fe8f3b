"""Spans that BIO tags mark, as seqeval and the CoNLL evaluation count them."""

from __future__ import annotations

import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.features.spans import Span, SpanCounts, count_spans, is_tag, spans, total

TAG = st.sampled_from(["O", "B-from", "I-from", "B-to", "I-to", "B-to.city-name", "I-to.city-name"])
PAIRS = st.lists(st.lists(st.tuples(TAG, TAG), max_size=8), min_size=1, max_size=6)


@pytest.mark.parametrize(
    ("tags", "found"),
    [
        ("O B-to I-to O B-to", [("to", 1, 2), ("to", 4, 4)]),
        ("B-to B-to I-to", [("to", 0, 0), ("to", 1, 2)]),
        ("I-to I-to O I-from", [("to", 0, 1), ("from", 3, 3)]),
        ("B-to I-from I-from", [("to", 0, 0), ("from", 1, 2)]),
        ("O O", []),
        ("", []),
    ],
)
def test_spans_of_tags(tags: str, found: list[tuple[str, int, int]]) -> None:
    assert spans(tags.split()) == [Span(*span) for span in found]


@pytest.mark.parametrize(
    ("tag", "right"),
    [("O", True), ("B-a", True), ("I-a-b", True), ("B-", False), ("S-a", False), ("o", False), ("a", False)],
)
def test_what_a_tag_is(tag: str, right: bool) -> None:
    assert is_tag(tag) is right


def test_counts_by_hand() -> None:
    truth = [["B-to", "I-to", "O"], ["B-from", "O"]]
    told = [["B-to", "O", "B-to"], ["B-from", "O"]]

    counts = count_spans(truth, told)

    assert counts == {"from": SpanCounts(1, 1, 1), "to": SpanCounts(1, 2, 0)}
    every = total(counts.values())
    assert (every.precision, every.recall) == (1 / 3, 1 / 2)
    assert every.f1 == pytest.approx(0.4)
    assert total([]).f1 == 0.0


@given(PAIRS)
def test_equal_to_seqeval(rows: list[list[tuple[str, str]]]) -> None:
    from seqeval.metrics import f1_score, precision_score, recall_score
    from seqeval.metrics.sequence_labeling import get_entities

    truth, told = ([[pair[side] for pair in row] for row in rows] for side in (0, 1))
    counts = count_spans(truth, told)
    every = total(counts.values())

    assert [spans(tags) for tags in truth] == [[Span(*entity) for entity in get_entities(tags)] for tags in truth]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of nothing to divide by
        assert every.precision == pytest.approx(precision_score(truth, told))
        assert every.recall == pytest.approx(recall_score(truth, told))
        assert every.f1 == pytest.approx(f1_score(truth, told))
        if counts:
            macro = sum(of.f1 for of in counts.values()) / len(counts)
            assert macro == pytest.approx(f1_score(truth, told, average="macro"))
