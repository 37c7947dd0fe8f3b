"""The words of a text: what of them may change, and how a word that takes another's place is written."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

_PARTS = re.compile(r"(\W*)(.*?)(\W*)", re.DOTALL)
_LETTERS = re.compile(r"[A-Za-z]+(-[A-Za-z]+)*")
_MASK = re.compile(r"\W*(<\w+>|\[\w+\])\W*")
_SENTENCE_END = (".", "!", "?", ":", '"')

_CLOSED_CLASSES = {
    "determiners and pronouns": """
        a an the this that these those each every either neither some any all both half much many more most few fewer
        little less least several enough other others another such what whatever which whichever who whom whose whoever
        i me my mine myself we us our ours ourselves you your yours yourself yourselves he him his himself she her hers
        herself it its itself they them their theirs themselves one ones oneself someone somebody something anyone
        anybody anything everyone everybody everything none nobody nothing""",
    "prepositions and conjunctions": """
        about above across after against along among around as at before behind below beneath beside besides between
        beyond but by despite down during except for from in inside into like near of off on onto opposite out outside
        over past per since than through throughout till to toward towards under underneath until up upon via with
        within without and or nor so yet if unless whether because although though while whereas once lest""",
    "auxiliaries": """
        be am is are was were been being have has had having do does did doing done can could may might must shall
        should will would ought""",
    "contractions as they are often typed": """
        dont doesnt didnt cant couldnt wont wouldnt isnt arent wasnt werent havent hasnt hadnt shouldnt im ive id ill
        youre youve theyre thats whats""",
    "adverbs that ask, point, deny, grade or connect": """
        how when where why however whenever wherever here there then now thus hence therefore not no never ever also
        too very quite rather just only even still again almost else instead perhaps maybe please yes ok okay""",
    "numerals": """
        zero two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen
        eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred thousand million billion first
        second third""",
}
CLOSED_CLASS = frozenset(word for words in _CLOSED_CLASSES.values() for word in words.split())
"""Grammar words of English (Quirk et al. 1985, sections 2.34 to 2.42). A thesaurus takes `in` for indium."""


class Word(NamedTuple):
    """A word between the marks that stick to it."""

    before: str
    core: str
    after: str


@lru_cache(maxsize=100_000)  # a few words make most of all texts
def split_word(word: str) -> Word:
    """`("card",` to `(" card ",`."""
    match = _PARTS.fullmatch(word)
    return Word(*match.groups()) if match else Word("", word, "")


def is_mask(word: str) -> bool:
    """Whether a word stands for what was masked, such as `<EMAIL>` or `[EMAIL]`."""
    return bool(_MASK.fullmatch(word))


def is_open_class(words: list[str], place: int) -> bool:
    """Whether a thesaurus may be asked for a word: no grammar word, number, mask, contraction, code or name."""
    core = split_word(words[place]).core
    if not _LETTERS.fullmatch(core) or is_mask(words[place]) or core.lower() in CLOSED_CLASS or len(core) < 2:
        return False
    if core.isupper():  # among small letters an abbreviation
        return " ".join(words).isupper()
    return core.islower() or (core.istitle() and _begins_sentence(words, place))


def fits_article(words: list[str], place: int, other: str) -> bool:
    """Whether `other` can follow the word before: `a` and `an` want a sound that is told here by its letter."""
    article = words[place - 1].lower() if place else ""
    return article not in ("a", "an") or (other[:1] in "aeiou") == (article == "an")


def put_in_place(word: str, other: str) -> str:
    """`other`, in small letters, with the case of `word` and the marks around it."""
    before, core, after = split_word(word)
    cased = other if core.islower() else other.upper() if core.isupper() else other.capitalize()
    return f"{before}{cased}{after}"


def _begins_sentence(words: list[str], place: int) -> bool:
    """Elsewhere a capital letter makes a name."""
    return place == 0 or words[place - 1].endswith(_SENTENCE_END)
