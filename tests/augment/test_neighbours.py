"""The nearest text, against a comparison of all with all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.augment.neighbours import Neighbours, normalise, shingles

TEXT = st.text(st.sampled_from("abAB  \t"), max_size=12)
THRESHOLDS = st.sampled_from([0.1, 0.3, 0.5, 0.7, 0.8, 0.9, 1.0])


def jaccard(one: str, other: str, characters: int) -> float:
    left, right = shingles(normalise(one), characters), shingles(normalise(other), characters)
    return len(left & right) / len(left | right)


@given(texts=st.lists(TEXT, max_size=12), asked=TEXT, threshold=THRESHOLDS, characters=st.integers(2, 4))
def test_it_finds_what_a_comparison_with_all_finds(
    texts: list[str], asked: str, threshold: float, characters: int
) -> None:
    named = {str(place): text for place, text in enumerate(texts)}
    found = Neighbours(named.items(), threshold, characters).nearest(asked)

    scored = [(-jaccard(asked, text, characters), name) for name, text in named.items()]
    near = [(score, name) for score, name in scored if -score >= threshold]
    assert (found is None) == (not near)
    if found:
        assert (-found.similarity, found.name) == min(near)


def test_similarity_by_hand() -> None:
    # abcd has ab, bc, cd; abce has ab, bc, ce: two of four
    neighbours = Neighbours([("t1", "abce"), ("t0", "xyz")], threshold=0.5, characters=2)

    assert neighbours.nearest("ABCD") == ("t1", 0.5)
    assert neighbours.nearest("abxx") is None


@pytest.mark.parametrize(("text", "expected"), [("abc", {"ab", "bc"}), ("a", {"a"}), ("", {""})])
def test_a_text_shorter_than_a_shingle_is_one(text: str, expected: set[str]) -> None:
    assert shingles(text, 2) == expected
