"""Words, and the tokens that they begin with."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.features.text import text_features
from tasks.features.words import NO_TOKEN, first_tokens, words
from tests.text_encoder import write_tokenizer


def test_words_are_what_whitespace_parts() -> None:
    assert words(" from\u00a0new-york,\tto\nl.a. ") == ["from", "new-york,", "to", "l.a."]
    assert words(" \n") == []


def test_a_word_begins_with_its_first_token() -> None:
    """`[CLS] to new - york [SEP]`, of which begin and end stand for no character."""
    offsets = [(0, 0), (0, 2), (3, 6), (6, 7), (7, 11), (0, 0)]

    assert first_tokens("to new-york", offsets).tolist() == [1, 2]


def test_words_behind_the_cut_and_words_of_no_token_begin_with_none() -> None:
    offsets = [(0, 0), (0, 2), (3, 6), (0, 0)]

    assert first_tokens("to new york now", offsets).tolist() == [1, 2, NO_TOKEN, NO_TOKEN]
    assert first_tokens("\u0301 to", [(0, 0), (2, 4), (0, 0)]).tolist() == [NO_TOKEN, 1]
    assert first_tokens("", [(0, 0), (0, 0)]).tolist() == []


def test_a_token_that_takes_the_space_before_it_along_is_the_words() -> None:
    assert first_tokens("to york", [(0, 2), (2, 5), (5, 7)]).tolist() == [0, 1]


@given(st.lists(st.text("ab\u00e9.", min_size=1, max_size=4), max_size=6), st.integers(1, 3))
def test_tokens_of_characters_tell_where_words_begin(parts: list[str], gap: int) -> None:
    text = (" " * gap).join(parts)
    characters = [place for place, character in enumerate(text) if character != " "]

    first = first_tokens(text, [(place, place + 1) for place in characters])

    assert [text[characters[place]] for place in first] == [part[0] for part in words(text)]
    assert len(first) == len(parts)


def test_a_real_tokeniser_is_followed(tmp_path: Path) -> None:
    write_tokenizer(tmp_path)
    features = text_features(tmp_path, max_tokens=6)

    tokens, firsts = features.word_tokens(["a b-c d", "", "a b c d a b"])

    assert [ids.tolist() for ids in tokens] == [[2, 4, 5, 1, 6, 3], [2, 3], [2, 4, 5, 6, 7, 3]]
    assert [first.tolist() for first in firsts] == [[1, 2, NO_TOKEN], [], [1, 2, 3, 4, NO_TOKEN, NO_TOKEN]]


@pytest.mark.parametrize("text", ["a", "B c zebra", ""])
def test_tokens_are_those_without_words(text: str, tmp_path: Path) -> None:
    write_tokenizer(tmp_path)
    features = text_features(tmp_path, max_tokens=8)

    assert features.word_tokens([text])[0][0].tolist() == features.tokens([text])[0].tolist()
