"""Spans of words that BIO tags mark, and how many of them were found."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

OUTSIDE = "O"
_TAG = re.compile(r"O|[BI]-.+", re.DOTALL)


class Span(NamedTuple):
    """Words `first` to `last`, both included, that are a `name`."""

    name: str
    first: int
    last: int


class SpanCounts(NamedTuple):
    """How many spans there are, how many were told, and how many of these are right: name and both ends."""

    true: int = 0
    told: int = 0
    right: int = 0

    @property
    def precision(self) -> float:
        """Share of the spans told that are right; 0 where none was told."""
        return self.right / self.told if self.told else 0.0

    @property
    def recall(self) -> float:
        """Share of the true spans that were told; 0 where there is none."""
        return self.right / self.true if self.true else 0.0

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        return 2 * self.right / (self.true + self.told) if self.right else 0.0


def is_tag(tag: str) -> bool:
    """Whether it is `O`, or `B-` or `I-` with a name."""
    return _TAG.fullmatch(tag) is not None


def spans(tags: Sequence[str]) -> list[Span]:
    """The spans of one text, as the CoNLL-2000 evaluation reads its tags (Tjong Kim Sang and Buchholz 2000).

    `I-` after `O` or after another name begins a span too.
    """
    found: list[Span] = []
    first, name = 0, ""
    for place, tag in enumerate([*tags, OUTSIDE]):
        prefix, _, this = tag.partition("-")
        begins = prefix == "B" or (prefix == "I" and this != name)
        if name and (begins or prefix == OUTSIDE):
            found.append(Span(name, first, place - 1))
        if begins or prefix == OUTSIDE:
            first, name = place, this
    return found


def count_spans(truth: Iterable[Sequence[str]], told: Iterable[Sequence[str]]) -> dict[str, SpanCounts]:
    """Counts of each name over all texts, names in order. A text has equally many tags in both."""
    counts: dict[str, list[int]] = {}
    for true_tags, told_tags in zip(truth, told, strict=True):
        true, found = set(spans(true_tags)), set(spans(told_tags))
        for place, group in enumerate((true, found, true & found)):
            for span in group:
                counts.setdefault(span.name, [0, 0, 0])[place] += 1
    return {name: SpanCounts(*counts[name]) for name in sorted(counts)}


def total(counts: Iterable[SpanCounts]) -> SpanCounts:
    """The counts of several names as one: the micro average of seqeval and of the CoNLL evaluation."""
    several = list(counts)
    return SpanCounts(*(sum(column) for column in zip(*several, strict=True))) if several else SpanCounts()
