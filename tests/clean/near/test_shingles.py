"""Shingles equal those that Python's own string operations give, whatever the text."""

from __future__ import annotations

import re

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.clean.near.hashing import hash_spans
from tasks.clean.near.shingles import Unit, shingle

WORDS = ["a", "b", "naïve", "eightbyt", "ninebytes", "x" * 64, "x" * 65, "x" * 100, "\u00a0", "日本語"]
TEXT = st.lists(st.sampled_from(WORDS), max_size=8).flatmap(
    lambda words: st.lists(st.sampled_from([" ", "  ", "\n", "\t "]), min_size=len(words), max_size=len(words)).map(
        lambda spaces: "".join(word + space for word, space in zip(words, spaces, strict=True))
    )
)


def expected(text: str | None, unit: Unit, size: int) -> set[tuple[str, ...]]:
    units = [word for word in re.split(r"[\x00-\x20]+", text or "") if word] if unit == "words" else list(text or "")
    if not units:
        return set()
    return {tuple(units[place : place + size]) for place in range(max(1, len(units) - size + 1))}


def rows(texts: list[str | None] | pa.Array, unit: Unit, size: int) -> list[set[int]]:
    found = shingle([("text", texts if isinstance(texts, pa.Array) else pa.array(texts, pa.string()))], unit, size)
    return [set(found.hashes[begin:end].tolist()) for begin, end in zip(found.offsets, found.offsets[1:], strict=False)]


@pytest.mark.parametrize("unit", ["words", "characters"])
@given(texts=st.lists(st.none() | TEXT | st.text(max_size=12), max_size=6), size=st.integers(1, 5))
def test_two_rows_share_as_many_shingles_as_their_texts_do(unit: Unit, texts: list[str | None], size: int) -> None:
    found, right = rows(texts, unit, size), [expected(text, unit, size) for text in texts]
    assert [len(some) for some in found] == [len(some) for some in right]
    for one, other in [(0, 1), (1, 2), (0, -1)]:
        if max(one, other) < len(texts):
            assert len(found[one] & found[other]) == len(right[one] & right[other])


@given(texts=st.lists(st.none() | TEXT, min_size=2, max_size=6))
def test_a_row_has_the_same_shingles_wherever_it_stands(texts: list[str | None]) -> None:
    alone = [rows([text], "words", 2)[0] for text in texts]
    assert rows(texts, "words", 2) == alone
    assert rows(pa.array(texts, pa.large_string()), "words", 2) == alone
    sliced = shingle([("text", pa.array(texts, pa.string()).slice(1))], "words", 2)
    assert [set(sliced.hashes.tolist())] == [set().union(*alone[1:])]


def test_columns_are_told_apart_and_their_order_does_not_matter() -> None:
    left, right = pa.array(["a b", "c d"]), pa.array(["c d", "a b"])
    both = shingle([("left", left), ("right", right)], "words", 1)
    turned = shingle([("right", right), ("left", left)], "words", 1)
    assert both.counts.tolist() == [4, 4]
    sets = [set(both.hashes[:4].tolist()), set(both.hashes[4:].tolist())]
    assert sets == [set(turned.hashes[:4].tolist()), set(turned.hashes[4:].tolist())]
    assert not sets[0] & sets[1]


def test_hashes_are_the_same_on_every_machine() -> None:
    """Computed by hand with Python's integers: 8 bytes at a time, little end first, and the size before them."""

    def absorb(state: int, block: int) -> int:
        state = (state ^ block) * 0x9E3779B97F4A7C15 % 2**64
        return state ^ (state >> 32)

    text = b"a word of 20 bytes.. "
    state = 20
    for begin in range(0, 20, 8):
        state = absorb(state, int.from_bytes(text[begin : min(begin + 8, 20)], "little"))
    spans = hash_spans(np.frombuffer(text, np.uint8), np.array([0, 2]), np.array([20, 6]))
    assert spans.tolist() == [state, absorb(4, int.from_bytes(b"word", "little"))]
