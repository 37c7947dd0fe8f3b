"""What of a text may change."""

from __future__ import annotations

import pytest

from tasks.features.thesaurus.words import fits_article, is_mask, is_open_class, put_in_place, split_word


@pytest.mark.parametrize(
    ("text", "open_words"),
    [
        ("Help me with the new card, please!", ["Help", "new", "card,"]),
        ("I paid 20 euros to <EMAIL> (big)", ["paid", "euros", "(big)"]),  # no number, no mask
        ("We flew from Boston. Great trip", ["flew", "Great", "trip"]),  # no name, but what begins a sentence
        ("my ATM card's pin won't work", ["pin", "work"]),  # no abbreviation, no apostrophe
        ("CARD LOST", ["CARD", "LOST"]),  # nor is that one
        ("covid-19 x a1 co-op", ["co-op"]),
        ("... !", []),
    ],
)
def test_which_words_a_thesaurus_is_asked_for(text: str, open_words: list[str]) -> None:
    words = text.split()

    assert [words[place] for place in range(len(words)) if is_open_class(words, place)] == open_words


def test_marks_stay_where_they_are_and_case_goes_over() -> None:
    assert split_word('("card",') == ('("', "card", '",')
    assert put_in_place("(Card),", "ticket") == "(Ticket),"
    assert put_in_place("CARD", "ticket") == "TICKET"


def test_a_mask_may_have_marks_around_it() -> None:
    assert is_mask("(<EMAIL>),")
    assert is_mask("[PHONE].")
    assert not is_mask("card")


@pytest.mark.parametrize(("before", "other", "fits"), [("a", "aid", False), ("An", "aid", True), ("the", "aid", True)])
def test_an_article_goes_with_the_sound_after_it(before: str, other: str, fits: bool) -> None:
    assert fits_article([before, "help"], 1, other) is fits
