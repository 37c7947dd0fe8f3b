"""Easy data augmentation: what it changes, and what it never does."""

from __future__ import annotations

from collections import Counter
from functools import partial
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.augment.edits import Edit, Sentence, delete_words, replace_synonyms, swap_words

WORDS = st.sampled_from(["card", "big", "not", "a", "<EMAIL>", "Boston", "lost"])
SEEDS = st.integers(0, 10_000)


class Doubles:
    """A thesaurus for tests: every word has one synonym."""

    def synonyms(self, word: str) -> list[str]:
        return [word + word]


double = partial(replace_synonyms, thesaurus=Doubles())
EDITS = [double, swap_words, delete_words]


@st.composite
def tagged(draw: st.DrawFn) -> Sentence:
    """Words with tags, of which some make entities."""
    pairs = draw(st.lists(st.tuples(WORDS, st.sampled_from(["O", "O", "B-place", "I-place"])), min_size=1, max_size=12))
    words, tags = zip(*pairs, strict=True)
    return Sentence(words, tags)


def edited(edit: Edit, text: str, share: float, seed: int = 1, kept: tuple[str, ...] = ()) -> str:
    sentence = Sentence(tuple(text.split()))
    return edit(sentence, share, sentence.free(kept), Random(seed)).text


def test_a_share_of_the_words_gets_synonyms() -> None:
    text = "lost card needs replacing very soon by your nearest branch"  # `very`, `by` and `your` have none

    changed = [edited(double, text, 0.3, seed).split() for seed in range(20)]

    assert all(sum(new != old for new, old in zip(words, text.split(), strict=True)) == 3 for words in changed)
    assert len(set(map(tuple, changed))) > 5
    assert edited(double, "The card", 0.01) == "The cardcard"  # at least one


def test_a_share_of_the_words_is_swapped() -> None:
    assert edited(swap_words, "a b", 0.5) == "b a"
    assert edited(swap_words, "a", 1.0) == "a"


def test_words_are_deleted_with_the_probability_asked_for() -> None:
    text = " ".join(map(str, range(1000)))

    assert 650 < len(edited(delete_words, text, 0.3).split()) < 750
    assert len(edited(delete_words, "a b c", 1e-9).split()) == 2  # at least one goes
    assert len(edited(delete_words, "a b c", 1.0).split()) == 1  # and one stays
    assert edited(delete_words, "a", 1.0) == "a"


@pytest.mark.parametrize("edit", EDITS)
def test_words_that_turn_a_meaning_are_kept_where_they_are(edit: Edit) -> None:
    for seed in range(30):
        words = edited(edit, "card Not here and won't go", 1.0, seed, kept=("not",)).split()
        if edit is delete_words:
            assert {"Not", "won't"} <= set(words)
        else:
            assert (words[1], words[4]) == ("Not", "won't")


@given(sentence=tagged(), share=st.floats(0.01, 1.0), seed=SEEDS, edit=st.sampled_from(EDITS))
def test_entities_stay_whole_with_their_tags(sentence: Sentence, share: float, seed: int, edit: Edit) -> None:
    def entities(one: Sentence) -> list[tuple[str, str]]:
        return [pair for pair in zip(one.words, one.tags, strict=True) if pair[1] != "O"]

    new = edit(sentence, share, sentence.free(()), Random(seed))

    assert new.words
    assert len(new.words) == len(new.tags)
    assert entities(new) == entities(sentence)
    if edit is swap_words:
        assert Counter(new.words) == Counter(sentence.words)
        assert new.tags == sentence.tags


def test_tags_that_do_not_go_with_the_words_leave_nothing_to_touch() -> None:
    assert Sentence(("a", "b"), ("O",)).free(()) == []


def test_masks_numbers_and_names_get_no_synonym() -> None:
    assert edited(double, "to <EMAIL> in Boston at 5", 1.0) == "to <EMAIL> in Boston at 5"
