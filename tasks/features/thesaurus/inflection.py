"""English endings: -s of nouns and verbs, -ed and -ing of verbs; taken off and put on.

The rules that take them off are those of WordNet's Morphy (manual page morphy(7WN)). Putting on follows the regular
spelling, and the lists of irregular forms, which also have the verbs that double their last letter.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Literal, get_args

Form = Literal["base", "s", "ed", "ing"]
Inflected = Literal["noun", "verb"]
INFLECTED: tuple[Inflected, ...] = get_args(Inflected)

_RULES: Mapping[Inflected, tuple[tuple[str, str, Form], ...]] = {
    "noun": (
        *(("s", "", "s"), ("ses", "s", "s"), ("xes", "x", "s"), ("zes", "z", "s"), ("ches", "ch", "s")),
        *(("shes", "sh", "s"), ("ies", "y", "s")),
    ),
    "verb": (
        *(("s", "", "s"), ("ies", "y", "s"), ("es", "e", "s"), ("es", "", "s")),
        *(("ed", "e", "ed"), ("ed", "", "ed"), ("ied", "y", "ed"), ("ing", "e", "ing"), ("ing", "", "ing")),
    ),
}
_VOWELS = "aeiou"


class Inflections:
    """Endings, with the irregular forms of some nouns and verbs.

    Args:
        irregular: for `noun` and `verb` lines of `form lemma [lemma...]`.
    """

    def __init__(self, irregular: Mapping[Inflected, Iterable[str]]) -> None:
        self._lemmas: dict[str, dict[str, list[str]]] = {pos: {} for pos in INFLECTED}
        self._forms: dict[str, dict[str, list[str]]] = {pos: {} for pos in INFLECTED}
        for pos, lines in irregular.items():
            for line in lines:
                form, *lemmas = line.split()
                self._lemmas[pos][form] = lemmas
                for lemma in lemmas:
                    self._forms[pos].setdefault(lemma, []).append(form)

    def analyse(self, word: str, pos: Inflected) -> Iterator[tuple[str, Form]]:
        """Lemmas that `word` may be a form of, known words or not. Irregular pasts are told by no one ending."""
        if word in self._lemmas[pos]:
            form = _irregular_form(word, pos)
            yield from ((lemma, form) for lemma in self._lemmas[pos][word] if form)
            return
        for ending, stem, form in _RULES[pos]:
            if word.endswith(ending) and len(word) > len(ending) + 1:
                yield word.removesuffix(ending) + stem, form

    def inflect(self, lemma: str, pos: str, form: Form) -> str:
        """A form of a lemma, or nothing where it is irregular in a way that `form` can't tell."""
        if form == "base":
            return lemma
        irregular = self._forms[pos].get(lemma, [])
        listed = [word for word in irregular if _irregular_form(word, pos) == form]
        if listed:
            return listed[0] if len(listed) == 1 else ""
        if form == "ed" and any(_irregular_form(word, pos) is None for word in irregular):
            return ""  # `go`: `went` or `gone`?
        if pos == "noun" and _ends_in_consonant_and(lemma, "o"):
            return ""  # potatoes, but photos
        return _regular(lemma, form)


def _irregular_form(word: str, pos: str) -> Form | None:
    if pos == "noun":
        return "s"
    return next((form for form in ("ed", "ing", "s") if word.endswith(form)), None)


def _regular(lemma: str, form: Form) -> str:
    consonant_y = _ends_in_consonant_and(lemma, "y")
    if form == "s":
        if lemma.endswith(("s", "x", "z", "ch", "sh")) or _ends_in_consonant_and(lemma, "o"):
            return f"{lemma}es"
        return f"{lemma[:-1]}ies" if consonant_y else f"{lemma}s"
    if form == "ed":
        return f"{lemma}d" if lemma.endswith("e") else f"{lemma[:-1]}ied" if consonant_y else f"{lemma}ed"
    silent_e = lemma.endswith("e") and not lemma.endswith(("ee", "oe", "ye"))
    return f"{lemma[:-1]}ing" if silent_e else f"{lemma}ing"


def _ends_in_consonant_and(lemma: str, letter: str) -> bool:
    return lemma.endswith(letter) and lemma[-2:-1] not in _VOWELS
