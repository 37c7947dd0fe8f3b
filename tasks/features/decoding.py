"""The most probable tags of a text's words that are tags of spans at all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tasks.features.spans import OUTSIDE

Scores = NDArray[np.floating[Any]]
Places = NDArray[np.int64]
_STRAYS = 0.01


def always_continues(lists: Iterable[Sequence[str]]) -> bool:
    """Whether `I-` goes on with a span of its name in 99 % or more of its uses: then other uses are mistakes.

    In another scheme, IOB1, `I-` begins most spans.
    """
    pairs = [pair for tags in lists for pair in zip([OUTSIDE, *tags], tags, strict=False) if pair[1].startswith("I-")]
    strays = sum(before == OUTSIDE or before[2:] != tag[2:] for before, tag in pairs)
    return strays <= _STRAYS * len(pairs)


def best_tags(labels: Sequence[str], scores: Scores) -> Places:
    """The places of the most probable sequence of tags in which `I-` goes on with a span of its name.

    By dynamic programming (Viterbi 1967) over the tags' own probabilities, taken as independent of each other.

    Args:
        scores: logits or logarithms of probabilities, (words, labels).
    """
    if len(scores) == 0:
        return np.zeros(0, np.int64)
    inside, spans = _inside(labels)
    best, came = scores[0].astype(np.float64), []
    best[inside] = -np.inf
    for word in scores[1:]:
        before = np.full(len(labels), int(best.argmax()))
        before[inside] = np.take_along_axis(spans, best[spans].argmax(axis=1)[:, None], 1)[:, 0]
        came.append(before)
        best = best[before] + word
    places = [int(best.argmax())]
    for before in reversed(came):
        places.append(int(before[places[-1]]))
    return np.array(places[::-1], np.int64)


def _inside(labels: Sequence[str]) -> tuple[Places, Places]:
    """The places of tags `I-`, and for each those of the two that it may follow: `B-` of its name, and itself."""
    numbered = {label: place for place, label in enumerate(labels)}
    inside = [label for label in labels if label.startswith("I-")]
    pairs = [(numbered.get(f"B-{label[2:]}", numbered[label]), numbered[label]) for label in inside]
    return np.array([numbered[label] for label in inside], np.int64), np.array(pairs, np.int64).reshape(-1, 2)
