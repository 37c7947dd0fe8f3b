"""The most similar of many texts, by the Jaccard similarity of their character shingles, exactly.

Prefix filtering (Chaudhuri et al. 2006; Bayardo et al. 2007) with longer prefixes (Wang, Li and Feng 2012): order the
shingles of each text from the rarest to the most common. Two texts of which at least o shingles are the same share at
least l of those in their prefixes, the first n - o + l of each. So only texts that share l rare shingles, and are of
like size, are compared.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

_SHARED_IN_PREFIX = 8  # l: more make fewer comparisons and longer lists to look through


class Neighbour(NamedTuple):
    """A text that is similar enough: its name, and how similar it is, from 0 to 1."""

    name: str
    similarity: float


class Neighbours:
    """Texts by their names, to be asked for the one nearest to another text.

    Args:
        texts: (name, text) of each; equal texts may come under several names, of which the smallest stands for all.
        threshold: similarity from which a text is a neighbour, above 0.
        characters: length of a shingle.
    """

    def __init__(self, texts: Iterable[tuple[str, str]], threshold: float, characters: int) -> None:
        self.threshold, self.characters = threshold, characters
        names: dict[str, str] = {}
        for name, text in texts:
            spelled = normalise(text)
            names[spelled] = min(name, names.get(spelled, name))
        sets = {text: shingles(text, characters) for text in names}
        frequencies = Counter(shingle for found in sets.values() for shingle in found)
        rising = sorted(frequencies, key=lambda shingle: (frequencies[shingle], shingle))
        self._ranks = {shingle: rank for rank, shingle in enumerate(rising)}
        self._names = list(names.values())
        self._sets = [self._ranked(found) for found in sets.values()]
        self._sizes = np.array([len(ranked) for ranked in self._sets], np.int64)
        self._in_prefix = np.array([self._shared_in_prefix(size) for size in self._sizes.tolist()], np.int64)
        self._holders = self._index()

    def nearest(self, text: str) -> Neighbour | None:
        """The most similar text at or above the threshold; of equals the one with the smallest name."""
        found = shingles(normalise(text), self.characters)
        ranked = self._ranked(found)
        known = set(ranked.tolist())
        scored = (
            (self._similarity(known, len(found), place), self._names[place])
            for place in self._candidates(ranked, len(found))
        )
        near = [(-score, name) for score, name in scored if score >= self.threshold]
        return Neighbour(min(near)[1], -min(near)[0]) if near else None

    def _candidates(self, ranked: NDArray[np.int32], size: int) -> list[int]:
        """Texts that may be near one of `size` shingles, of which some text has those in `ranked`."""
        unknown = size - len(ranked)  # the rarest of all
        prefix = ranked[: max(0, self._prefix(size) - unknown)].tolist()
        lists = [self._holders[rank] for rank in prefix if rank in self._holders]
        if not lists:
            return []
        places, counts = np.unique(np.concatenate(lists), return_counts=True)
        shared = counts >= np.minimum(self._in_prefix[places], self._shared_in_prefix(size))
        places = places[shared]
        larger, smaller = np.maximum(self._sizes[places], size), np.minimum(self._sizes[places], size)
        alike = smaller >= np.ceil(np.round(self.threshold * larger, 9))
        candidates: list[int] = places[alike].tolist()
        return candidates

    def _similarity(self, known: set[int], size: int, place: int) -> float:
        other = self._sets[place]
        shared = len(known.intersection(other.tolist()))
        return shared / (size + len(other) - shared)

    def _ranked(self, found: set[str]) -> NDArray[np.int32]:
        ranks = (self._ranks.get(shingle) for shingle in found)
        return np.array(sorted(rank for rank in ranks if rank is not None), np.int32)

    def _prefix(self, size: int) -> int:
        return size - self._least_shared(size) + self._shared_in_prefix(size)

    def _shared_in_prefix(self, size: int) -> int:
        return min(_SHARED_IN_PREFIX, self._least_shared(size))

    def _least_shared(self, size: int) -> int:
        """What a neighbour of a text of so many shingles shares with it, at least."""
        return math.ceil(round(self.threshold * size, 9))  # 0.7 * 10 is a little above 7

    def _index(self) -> dict[int, NDArray[np.int32]]:
        holders: dict[int, list[int]] = {}
        for place, ranked in enumerate(self._sets):
            for rank in ranked[: self._prefix(len(ranked))].tolist():
                holders.setdefault(rank, []).append(place)
        return {rank: np.array(places, np.int32) for rank, places in holders.items()}


def shingles(text: str, characters: int) -> set[str]:
    """Every run of so many characters; a shorter text is one shingle."""
    return {text[start : start + characters] for start in range(max(1, len(text) - characters + 1))}


def normalise(text: str) -> str:
    """The text without what makes no difference to a reader: case, and how much space stands between words."""
    return " ".join(text.casefold().split())
