"""Endings of English words."""

from __future__ import annotations

import pytest

from tasks.features.thesaurus.inflection import Form, Inflected, Inflections

IRREGULAR = Inflections(
    {
        "noun": ["men man", "indices index", "indexes index"],
        "verb": ["went go", "gone go", "stopped stop", "stopping stop", "bought buy", "lying lie"],
    }
)


@pytest.mark.parametrize(
    ("lemma", "pos", "form", "word"),
    [
        ("card", "noun", "s", "cards"),
        ("box", "noun", "s", "boxes"),
        ("fee", "noun", "s", "fees"),
        ("day", "noun", "s", "days"),
        ("city", "noun", "s", "cities"),
        ("man", "noun", "s", "men"),
        ("index", "noun", "s", ""),  # which of two?
        ("potato", "noun", "s", ""),
        ("radio", "noun", "s", "radios"),
        ("go", "verb", "s", "goes"),
        ("try", "verb", "s", "tries"),
        ("try", "verb", "ed", "tried"),
        ("try", "verb", "ing", "trying"),
        ("play", "verb", "ed", "played"),
        ("use", "verb", "ed", "used"),
        ("use", "verb", "ing", "using"),
        ("agree", "verb", "ing", "agreeing"),
        ("lie", "verb", "ing", "lying"),
        ("stop", "verb", "ing", "stopping"),
        ("stop", "verb", "ed", "stopped"),
        ("go", "verb", "ing", "going"),
        ("go", "verb", "ed", ""),  # past or participle?
        ("buy", "verb", "ed", ""),
    ],
)
def test_endings_are_put_on(lemma: str, pos: Inflected, form: Form, word: str) -> None:
    assert IRREGULAR.inflect(lemma, pos, form) == word
    if word:
        assert (lemma, form) in IRREGULAR.analyse(word, pos)
    assert IRREGULAR.inflect(lemma, pos, "base") == lemma


def test_endings_are_taken_off_in_every_way() -> None:
    assert list(IRREGULAR.analyse("uses", "verb")) == [("use", "s"), ("use", "s"), ("us", "s")]
    assert list(IRREGULAR.analyse("went", "verb")) == []  # no one ending
    assert list(IRREGULAR.analyse("is", "noun")) == []
