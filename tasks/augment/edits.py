"""Easy data augmentation (Wei and Zou 2019): a text with other words, its words swapped, or some left out.

In a row with tags, one for each word, only words outside entities (tagged `O`) are touched, and their tags with them:
so every entity stays whole and keeps its tags.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from tasks.augment.config import Method
from tasks.features.thesaurus.choice import Thesaurus, choose_synonym
from tasks.features.thesaurus.words import put_in_place, split_word

OUTSIDE = "O"


@dataclass(frozen=True)
class Sentence:
    """Words, and where the row has tags one for each."""

    words: tuple[str, ...]
    tags: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The words with single spaces between them."""
        return " ".join(self.words)

    def free(self, kept: Collection[str]) -> list[int]:
        """Places of the words that may be touched; none where words and tags don't go together."""
        if self.tags and len(self.tags) != len(self.words):
            return []
        tags = self.tags or (OUTSIDE,) * len(self.words)
        places = range(len(self.words))
        return [place for place in places if tags[place] == OUTSIDE and not _is_kept(self.words[place], kept)]

    def take(self, places: Sequence[int]) -> Sentence:
        """The words at `places`, with their tags."""
        tags = tuple(self.tags[place] for place in places) if self.tags else ()
        return Sentence(tuple(self.words[place] for place in places), tags)


Edit = Callable[[Sentence, float, list[int], Random], Sentence]
"""(sentence, share of its words to change, places that may be touched, random) to a new sentence."""


def replace_synonyms(
    sentence: Sentence, share: float, free: list[int], random: Random, thesaurus: Thesaurus
) -> Sentence:
    """Put synonyms in place of some words that have any."""
    words, left = list(sentence.words), _count(sentence, share)
    for place in random.sample(free, len(free)):
        if not left:
            break
        other = choose_synonym(words, place, random, thesaurus)
        if other:
            words[place], left = put_in_place(words[place], other), left - 1
    return Sentence(tuple(words), sentence.tags)


def swap_words(sentence: Sentence, share: float, free: list[int], random: Random) -> Sentence:
    """Let some pairs of words change places."""
    places = list(range(len(sentence.words)))
    for _ in range(_count(sentence, share) if len(free) > 1 else 0):
        one, other = random.sample(free, 2)
        places[one], places[other] = places[other], places[one]
    return sentence.take(places)


def delete_words(sentence: Sentence, share: float, free: list[int], random: Random) -> Sentence:
    """Leave out each word with probability `share`, at least one, and never all."""
    gone = {place for place in free if random.random() < share} or set(random.sample(free, min(1, len(free))))
    if len(gone) == len(sentence.words):
        gone -= {random.choice(free)}
    return sentence.take([place for place in range(len(sentence.words)) if place not in gone])


EDITS: Mapping[Method, Edit] = {"swap": swap_words, "delete": delete_words}
"""Those that need no thesaurus."""


def _count(sentence: Sentence, share: float) -> int:
    return max(1, round(share * len(sentence.words)))


def _is_kept(word: str, kept: Collection[str]) -> bool:
    core = split_word(word).core.lower()
    return core in kept or core.endswith(("n't", "n\u2019t"))
