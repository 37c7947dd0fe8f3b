"""Texts as people mistype them, shout them, put them in other words, or copy them carelessly.

The number and order of words stay, so that tags of words stay true.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from random import Random

from tasks.features.thesaurus.choice import Thesaurus, choose_synonym
from tasks.features.thesaurus.words import is_mask, put_in_place, split_word
from tasks.features.words import with_words, words

_KEYS = (("qwertyuiop", 0.0), ("asdfghjkl", 0.25), ("zxcvbnm", 0.75))
"""Rows of a QWERTY keyboard, each with how many keys it is shifted to the right of the first."""
_BESIDE = 1.3  # keys apart, from middle to middle
_SHORTEST = 4

Respell = Callable[[str, int, Random], str]
"""(word, place of a letter inside it, random) to another spelling."""


def typos(text: str, share: float, random: Random) -> str:
    """One typo in each of so many of the words, at least one.

    As Pruthi et al. (2019) make them: in words of four letters or more, at a letter inside; a letter is hit beside
    its key, changes place with the next, is left out, or is typed twice.
    """
    own = words(text)
    fit = [place for place, word in enumerate(own) if _can_be_mistyped(word)]
    chosen = set(random.sample(fit, min(len(fit), _count(share, own))))
    return with_words(text, [mistyped(word, random) if place in chosen else word for place, word in enumerate(own)])


def mistyped(word: str, random: Random) -> str:
    """A word of four letters or more with one typo; the marks around it stay."""
    before, core, after = split_word(word)
    place = random.randrange(1, len(core) - 2)
    return f"{before}{random.choice(_TYPOS)(core, place, random)}{after}"


def synonyms(text: str, share: float, random: Random, thesaurus: Thesaurus) -> str:
    """Synonyms in place of so many of the words, at least one, as far as words have any."""
    own, left = words(text), _count(share, words(text))
    for place in random.sample(range(len(own)), len(own)):
        other = choose_synonym(own, place, random, thesaurus) if left else ""
        if other:
            own[place], left = put_in_place(own[place], other), left - 1
    return with_words(text, own)


def upper(text: str, _: Random) -> str:
    """All in capitals."""
    return text.upper()


def lower(text: str, _: Random) -> str:
    """All in small letters."""
    return text.lower()


def mixed(text: str, random: Random) -> str:
    """Every letter a capital or not, as it falls."""
    return "".join(letter.upper() if random.random() < 0.5 else letter.lower() for letter in text)


def spaced(text: str, _: Random) -> str:
    """Two spaces more wherever there is one, and before and after."""
    return f"  {'   '.join(words(text))}  "


def unmarked(text: str, _: Random) -> str:
    """Without the marks that stand before and after words; a word of marks alone stays."""
    return with_words(text, [word if is_mask(word) else split_word(word).core or word for word in words(text)])


CASES: Mapping[str, Callable[[str, Random], str]] = {
    "all in capitals": upper,
    "all in small letters": lower,
    "capitals at random": mixed,
}


@cache
def beside(letter: str) -> str:
    """The small letters on the keys around that of a small letter of English; none of another."""
    places = {key: (column + shift, row) for row, (keys, shift) in enumerate(_KEYS) for column, key in enumerate(keys)}
    if letter not in places:
        return ""
    own = places[letter]
    return "".join(sorted(key for key, place in places.items() if 0 < math.dist(own, place) < _BESIDE))


def _hit_beside(word: str, place: int, random: Random) -> str:
    keys = beside(word[place].lower())
    if not keys:
        return _double(word, place, random)
    other = random.choice(keys)
    return word[:place] + (other.upper() if word[place].isupper() else other) + word[place + 1 :]


def _swap(word: str, place: int, random: Random) -> str:
    if word[place] == word[place + 1]:
        return _double(word, place, random)
    return word[:place] + word[place + 1] + word[place] + word[place + 2 :]


def _drop(word: str, place: int, _: Random) -> str:
    return word[:place] + word[place + 1 :]


def _double(word: str, place: int, _: Random) -> str:
    return word[: place + 1] + word[place:]


_TYPOS: Sequence[Respell] = (_hit_beside, _swap, _drop, _double)


def _can_be_mistyped(word: str) -> bool:
    core = split_word(word).core
    return len(core) >= _SHORTEST and core.isalpha() and not is_mask(word)


def _count(share: float, own: Sequence[str]) -> int:
    return max(1, round(share * len(own)))
