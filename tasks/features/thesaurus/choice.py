"""A synonym that fits where a word stands."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Protocol

from tasks.features.thesaurus.words import fits_article, is_open_class, split_word


class Thesaurus(Protocol):
    """Words that can stand for others."""

    def synonyms(self, word: str) -> Sequence[str]:
        """Synonyms of a word, all in small letters."""


def choose_synonym(words: list[str], place: int, random: Random, thesaurus: Thesaurus) -> str:
    """One of the synonyms that the word at `place` has there, in small letters; empty where it has none."""
    if not is_open_class(words, place):
        return ""
    found = thesaurus.synonyms(split_word(words[place]).core.lower())
    fitting = [other for other in found if fits_article(words, place, other)]
    return random.choice(fitting) if fitting else ""
