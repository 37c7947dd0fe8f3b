"""More texts for a student to learn from: edited copies, of which the teacher says what they are.

A teacher is sure of the rows that it learned from, and tells little by them but the truth. What it makes of texts that
are a word away shows where its borders run (data augmentation of TinyBERT, Jiao et al. 2020; there a language model
picks the words).
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from tasks.compress.config import DistilOptions
from tasks.features.columns import texts

Words = NDArray[np.str_]
_DROPPED = 0.5  # of the words that are edited; the others are replaced


def with_copies(rows: pa.Table, options: DistilOptions, seed: int) -> pa.Table:
    """The rows, followed by `options.copies` of each whose text is edited; all else of a copy is the row's own."""
    if not options.copies:
        return rows
    written = [text.split() for text in texts(rows["text"])]
    words = np.array([word for text in written for word in text])
    random = np.random.default_rng(seed)
    place = rows.column_names.index("text")
    copies = [
        rows.set_column(
            place, "text", pa.array([_edited(text, words, options.edited_share, random) for text in written])
        )
        for _ in range(options.copies)
    ]
    return pa.concat_tables([rows, *copies], promote_options="permissive")


def _edited(text: list[str], words: Words, share: float, random: np.random.Generator) -> str:
    """A text of which about a share of the words are gone, or others of all texts' words, as often as they occur."""
    chosen = random.random(len(text)) < share
    dropped = random.random(len(text)) < _DROPPED
    others = random.choice(words, len(text)) if text else words[:0]
    left = [
        str(other) if is_chosen else word
        for word, other, is_chosen, is_dropped in zip(text, others, chosen, dropped, strict=True)
        if not (is_chosen and is_dropped)
    ]
    return " ".join(left or text)
