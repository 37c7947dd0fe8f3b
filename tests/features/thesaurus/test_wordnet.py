"""Synonyms, out of a dictionary of a few words and out of the real one."""

from __future__ import annotations

import pytest

from tasks.features.thesaurus.wordnet import WordNet, wordnet


@pytest.mark.parametrize(
    ("word", "synonyms"),
    [
        ("big", ("large",)),  # not `great`, whose first sense is another; not `ample`, which nobody was met to use
        ("great", ()),  # nobody else has its first sense first
        ("cars", ("automobiles",)),
        ("help", ("aid",)),  # nine times of eleven a verb
        ("helped", ("aided",)),
        ("helping", ("aiding",)),
        ("walks", ("goes",)),
        ("walked", ()),  # `went` or `gone`?
        ("went", ()),
        ("zebra", ()),
    ],
)
def test_a_word_has_synonyms_of_its_most_frequent_sense_and_with_its_ending(
    dictionary: WordNet, word: str, synonyms: tuple[str, ...]
) -> None:
    assert dictionary.synonyms(word) == synonyms
    assert dictionary.synonyms(word) == synonyms  # and again, from memory


def test_a_word_that_is_as_often_a_noun_as_a_verb_is_left_alone(dictionary: WordNet) -> None:
    counts = dictionary._folder / "cntlist.rev"
    counts.write_text(counts.read_text().replace("help%2:41:00:: 1 9", "help%2:41:00:: 1 4"))  # four of six

    assert dictionary.synonyms("help") == ()


def test_the_real_dictionary() -> None:
    thesaurus = wordnet()

    assert thesaurus.synonyms("purchase") == ("buy",)
    assert thesaurus.synonyms("helping") == ("aiding", "assisting")
    assert thesaurus.synonyms("errors") == ("faults", "mistakes")
    assert thesaurus.synonyms("transfer") == ()  # a noun or a verb
    assert "Princeton University" in (thesaurus._folder / "LICENSE").read_text()
