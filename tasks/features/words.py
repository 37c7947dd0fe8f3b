"""Words of a text, as whitespace parts them, and the tokens that they begin with."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

Places = NDArray[np.int32]
NO_TOKEN = -1
_WORD = re.compile(r"[\S\x1c-\x1f]+")  # control characters, which tokenisers drop, part no words


def words(text: str) -> list[str]:
    """The words of a text, each with the marks that stand on it."""
    return _WORD.findall(text)


def with_words(text: str, others: Sequence[str]) -> str:
    """A text with `others` in place of its words, one for each, and its own spaces between them."""
    left = iter(others)
    return _WORD.sub(lambda _: next(left), text)


def first_tokens(text: str, offsets: Sequence[tuple[int, int]]) -> Places:
    """For each word the place of its first token; NO_TOKEN where the text was cut before it, or it has none.

    Args:
        offsets: of each token the characters of the text that it is made of, rising; empty for begin and end.
    """
    real = [(place, begin, end) for place, (begin, end) in enumerate(offsets) if end > begin]
    ends = np.array([end for _, _, end in real], np.int64)
    return np.array(list(_first(text, real, ends)), np.int32)


def _first(text: str, real: Sequence[tuple[int, int, int]], ends: NDArray[np.int64]) -> Iterator[int]:
    for word in _WORD.finditer(text):
        found = int(np.searchsorted(ends, word.start(), side="right"))  # the first token that ends within or after it
        yield real[found][0] if found < len(real) and real[found][1] < word.end() else NO_TOKEN
