"""Similarities are those of Python's sets, and not estimates."""

from __future__ import annotations

import tempfile
from itertools import combinations
from pathlib import Path

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.clean.near.signatures import Bands
from tasks.clean.near.similarity import similarities
from tasks.clean.near.sketches import Method, Sketches, write_sketches

WORDS = st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=12)


@settings(max_examples=30)
@given(st.lists(WORDS, min_size=2, max_size=8), st.integers(1, 4))
def test_jaccard(texts: list[list[str]], parts: int) -> None:
    pairs = list(combinations(range(len(texts)), 2))
    right = [len(set(texts[a]) & set(texts[b])) / len(set(texts[a]) | set(texts[b])) for a, b in pairs]
    with tempfile.TemporaryDirectory() as name:
        columns = {"row_id": [f"{n}" for n in range(len(texts))], "text": [" ".join(text) for text in texts]}
        table = pa.table(columns).append_column("split", pa.array(["train"] * len(texts)))
        method = Method(("text",), "words", 1, Bands(2, 2), "first")
        size = -(-len(texts) // parts)
        written = [
            write_sketches(method, Path(name), 1, f"part-{part}", [table.slice(part * size, size)])
            for part in range(parts)
        ]
        assert similarities(Sketches(Path(name), tuple(written)), np.array(pairs)).tolist() == right
