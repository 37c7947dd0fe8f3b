"""Real data sets whose true labels are known, and labelling functions that a person might write for them in an hour."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

Places = NDArray[np.int64]
_MCDONALD = {
    "name": "loughran-mcdonald",
    "lists": [
        {"label": "positive", "lexicon": "loughran_mcdonald_positive"},
        {"label": "negative", "lexicon": "loughran_mcdonald_negative"},
    ],
}


@dataclass(frozen=True)
class RealSet:
    """Rows to label, the place of each true label, and the labels."""

    rows: pa.Table
    truth: Places
    labels: list[str]


def read_set(folder: Path, name: str, label: str, columns: tuple[str, ...] = ("text",), most: int = 0) -> RealSet:
    """The labelled rows of a set, all or a sample; an only column is called text."""
    table = pd.read_csv(folder / name / f"{name}.csv.gz").dropna(subset=[label])
    if most:
        table = table.sample(min(most, len(table)), random_state=0)
    classes = sorted(table[label].unique())
    inputs = table[list(columns)] if len(columns) > 1 else table[list(columns)].set_axis(["text"], axis=1)
    truth = np.searchsorted(np.array(classes, object), table[label].to_numpy(object)).astype(np.int64)
    return RealSet(pa.Table.from_pandas(inputs, preserve_index=False), truth, classes)


def keywords(name: str, label: str, words: str) -> dict[str, Any]:
    return {"name": name, "label": label, "words": words.split(", ")}


PHRASEBANK: dict[str, Any] = {
    "lexicons": [_MCDONALD],
    "keywords": [
        keywords("up", "positive", "rose, rise*, increas*, grew, grow*, climb*, jump*, improv*, higher"),
        keywords("down", "negative", "fell, fall*, decreas*, declin*, drop*, lower, slump*, weak*"),
        keywords("trouble", "negative", "loss, losses, lay off, laid off, layoff*, redundanc*, warn*, cut, cuts"),
        keywords("deal", "positive", "award*, won, wins, order, contract, agreement, signed"),
        keywords(
            "facts",
            "neutral",
            "is located, will be held, total value, not disclosed, includ*, consist*, founded, according to, "
            "appointed, has been, financial details, customers, products, offers, provides",
        ),
    ],
    "patterns": [
        {"name": "more", "label": "positive", "pattern": "(profit|sales).* (rose|increased|grew|up|doubled)"},
        {"name": "less", "label": "negative", "pattern": "(profit|sales).* (fell|decreased|down|declined|dropped)"},
        {"name": "no figure", "label": "neutral", "pattern": "^[^0-9%]*$"},
    ],
}
AIRLINE: dict[str, Any] = {
    "lexicons": [_MCDONALD],
    "keywords": [
        keywords("thanks", "positive", "thank*, thx"),
        keywords("praise", "positive", "love*, great, awesome, best, amazing, excellent, good, appreciate*, happy"),
        keywords("delay", "negative", "delay*, cancel*, late, wait*, hold, hours, hrs"),
        keywords("anger", "negative", "worst, terrible, horrible, awful, bad, rude, fail*, disappoint*, frustrat*"),
        keywords("not", "negative", "can't, won't, didn't, doesn't, not, never, no one, nobody"),
        keywords("lost", "negative", "lost, missed, stuck, broken"),
        keywords("ask", "neutral", "can i, can you, do you, is there, when, which"),
        keywords("please", "neutral", "please, follow, dm"),
    ],
    "patterns": [
        {"name": "question", "label": "neutral", "pattern": r"\?\s*$"},
        {"name": "link", "label": "neutral", "pattern": "https?://"},
    ],
}
STOCKS: dict[str, Any] = {
    "lexicons": [_MCDONALD],
    "keywords": [
        keywords("bull", "positive", "bull*, long, buy, calls, breakout, upside, moon, higher, rally, gain*, green"),
        keywords("bear", "negative", "bear*, short, sell, puts, drop*, downside, crash*, lower, loss*, red, fear"),
        keywords("join", "neutral", "watchlist, join, free, chat, learn, alert*"),
        keywords("good", "positive", "great, best, strong*, beat*, up"),
        keywords("poor", "negative", "down, weak*, worst, miss*"),
    ],
    "patterns": [{"name": "link", "label": "neutral", "pattern": "https?://"}],
}
