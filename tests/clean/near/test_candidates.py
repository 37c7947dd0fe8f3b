"""Candidates grow with the rows, and still find what templates would hide."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa

from tasks.clean.near.candidates import candidate_pairs
from tasks.clean.near.signatures import Bands
from tasks.clean.near.similarity import similarities
from tasks.clean.near.sketches import Method, Sketches, write_sketches
from tasks.clean.near.stages import distinct

METHOD = Method(("text",), "words", 1, Bands(16, 6), "longest")


def sketch(folder: Path, texts: list[str], parts: int = 1) -> Sketches:
    """Sketches of texts, in a number of files."""
    table = pa.table(
        {"row_id": [f"{n:05d}" for n in range(len(texts))], "split": ["train"] * len(texts), "text": texts}
    )
    size = len(texts) // parts + 1
    pieces = [table.slice(number * size, size) for number in range(parts)]
    return Sketches(
        folder,
        tuple(write_sketches(METHOD, folder, 2, f"part-{number}", [piece]) for number, piece in enumerate(pieces)),
    )


def test_a_bucket_of_n_rows_gives_fewer_than_2n_pairs(tmp_path: Path) -> None:
    sketches = sketch(tmp_path, ["the same words again"] * 300 + ["another text"])
    pairs = candidate_pairs(sketches, 0, 0, 1)
    assert 299 <= len(pairs) < 600
    assert set(pairs.ravel().tolist()) == set(range(300))
    assert (pairs[:, 0] < pairs[:, 1]).all()


def test_three_alike_are_all_paired(tmp_path: Path) -> None:
    sketches = sketch(tmp_path, ["x y z", "a b", "x y z", "c d", "x y z"])
    assert candidate_pairs(sketches, 3, 0, 1).tolist() == [[0, 2], [0, 4], [2, 4]]


def test_turns_share_the_buckets(tmp_path: Path) -> None:
    texts = [f"text {number % 40}" for number in range(100)]
    whole = candidate_pairs(sketch(tmp_path, texts), 1, 0, 1)
    turns = [candidate_pairs(sketch(tmp_path, texts, parts=3), 1, turn, 4) for turn in range(4)]
    assert sum(map(len, turns)) == len(whole)
    assert np.array_equal(distinct(np.concatenate(turns)), whole)


def test_near_duplicates_are_found_among_rows_that_share_a_template(tmp_path: Path) -> None:
    """Each text shares 70 of its 100 words with all, and differs from its own copy in 2: 98/102 alike."""
    template = " ".join(f"t{number}" for number in range(70))
    texts = []
    for row in range(400):
        own = [f"w{row}-{number}" for number in range(30)]
        texts += [" ".join([template, *own]), " ".join([template, *own[:28], f"e{row}", f"f{row}"])]
    sketches = sketch(tmp_path, texts, parts=2)
    pairs = distinct(np.concatenate([candidate_pairs(sketches, band, 0, 1) for band in range(16)]))
    assert len(pairs) < 16 * 2 * len(texts)
    near = {tuple(pair) for pair in pairs[similarities(sketches, pairs) >= 0.8].tolist()}
    planted = {(2 * row, 2 * row + 1) for row in range(400)}
    assert near <= planted
    assert len(near) >= 0.98 * len(planted)
