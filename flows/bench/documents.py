"""Rows like those of a support desk, from a seed: text with the statistics of English, types, gaps, copies and dirt.

Words fall by the law of Zipf and Mandelbrot, p(rank) ~ 1 / (rank + 2.7)^1.07 (Mandelbrot 1953). A word's length L has
the share 11.74 L^3 0.4^L (Sigurd, Eeg-Olofsson and van de Weijer 2004), its letters the shares of English text, and
the number of words of a text is log-normal, with a median of 22.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

_VOCABULARY, _SHIFT, _EXPONENT = 50_000, 2.7, 1.07
_LETTERS = "etaoinshrdlcumwfgypbvkjxqz"
_LETTER_PERCENTS = (
    "12.7 9.06 8.17 7.51 6.97 6.75 6.33 6.09 5.99 4.25 4.03 2.78 2.76 2.41 2.36 2.23 2.02 1.97 1.93 1.49 0.98 0.77 "
    "0.15 0.15 0.10 0.07"
)
_MEDIAN_WORDS, _SPREAD, _LONGEST = 22, 0.5, 120
_COPIES, _GAPS, _SHORT, _LABELS = 0.05, 0.03, 0.01, 24
_CHUNK = 100_000


def write_csv(file: Path, rows: int, seed: int = 0) -> int:
    """Write `rows` rows with the columns text, label, side, amount, visits and known; returns the file's bytes.

    A twentieth are copies of train rows, a hundredth of the texts are empty, three hundredths of the amounts missing,
    and spaces stand doubled and at the ends of many texts.
    """
    with pyarrow.csv.CSVWriter(file, next(_tables(1, seed)).schema) as writer:
        for table in _tables(rows, seed):
            writer.write_table(table)
    return file.stat().st_size


def _tables(rows: int, seed: int) -> Iterator[pa.Table]:
    words = _vocabulary(np.random.default_rng(seed))
    for number, start in enumerate(range(0, rows, _CHUNK)):
        random = np.random.default_rng((seed, number))
        yield _table(min(_CHUNK, rows - start), start, words, random)


def _vocabulary(random: np.random.Generator) -> pa.Array:
    lengths = np.arange(1, 16)
    shares = lengths**3.0 * 0.4**lengths
    sizes = random.choice(lengths, _VOCABULARY, p=shares / shares.sum())
    percents = np.array(_LETTER_PERCENTS.split(), float)
    letters = random.choice(list(_LETTERS), sizes.sum(), p=percents / percents.sum())
    ends = np.cumsum(sizes)
    return pa.array(["".join(letters[end - size : end]) for size, end in zip(sizes, ends, strict=True)])


def _table(rows: int, first: int, words: pa.Array, random: np.random.Generator) -> pa.Table:
    numbers = np.arange(first, first + rows)
    side = np.where(random.random(rows) < 0.2, "test", "train")
    amount = pa.array(np.round(random.gamma(2.0, 40.0, rows), 2), mask=random.random(rows) < _GAPS)
    table = pa.table(
        {
            "text": _texts(rows, numbers, words, random),
            "label": pc.take(words, pa.array(200 + random.integers(0, _LABELS, rows))),
            "side": pa.array(side),
            "amount": amount,
            "visits": random.poisson(3.0, rows),
            "known": pc.if_else(pa.array(random.random(rows) < 0.7), "true", "false"),
        }
    )
    return table.take(pa.array(_with_copies(side, random)))


def _texts(rows: int, numbers: npt.NDArray[np.int64], words: pa.Array, random: np.random.Generator) -> pa.Array:
    """Words with single and double spaces, a number that no other row has, and for a hundredth nothing."""
    counts = np.clip(random.lognormal(np.log(_MEDIAN_WORDS), _SPREAD, rows).astype(int), 1, _LONGEST)
    ranks = np.arange(_VOCABULARY)
    shares = 1 / (ranks + 1 + _SHIFT) ** _EXPONENT
    picked = np.searchsorted(np.cumsum(shares / shares.sum()), random.random(counts.sum()))
    tokens = pc.take(words, pa.array(np.minimum(picked, _VOCABULARY - 1)))
    commas = pa.array(np.where(random.random(len(tokens)) < 0.02, ",", ""))
    tokens = pc.binary_join_element_wise(tokens, commas, "")
    offsets = pa.array(np.concatenate([[0], np.cumsum(counts)]).astype(np.int32))
    lists = pa.ListArray.from_arrays(offsets, tokens)
    spaces = pa.array(np.where(random.random(rows) < 0.1, "  ", " "))
    texts = pc.binary_join_element_wise(pc.binary_join(lists, spaces), pc.cast(pa.array(numbers), pa.string()), " ")
    ends = pa.array(np.where(random.random(rows) < 0.1, " ", ""))
    texts = pc.binary_join_element_wise(ends, texts, ends, "")
    return pc.if_else(pa.array(random.random(rows) < _SHORT), "", texts)


def _with_copies(side: npt.NDArray[np.str_], random: np.random.Generator) -> npt.NDArray[np.int64]:
    """Places of rows, some of them in place of others: only train rows are copied, and only over train rows."""
    places = np.arange(len(side))
    train = places[side == "train"]
    over = random.choice(train, int(len(side) * _COPIES), replace=False) if len(train) > 20 else train[:0]
    places[over] = random.choice(train, len(over))
    return places
