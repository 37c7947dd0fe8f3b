"""What is known of the rows before any is made: their texts, their classes, and the texts of the test split."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from tasks.augment.config import AugmentOptions
from tasks.augment.neighbours import Neighbours, normalise
from tasks.augment.plan import Plan, plan, stable_hashes
from tasks.features.columns import texts as as_texts


@dataclass(frozen=True)
class Texts:
    """Texts in some order, with the `row_id` of each, as 64 bits of what a reader sees of them.

    Two texts of 10 million meet by chance once in 400,000 runs, and then one new row too many is refused.
    """

    row_ids: pa.ChunkedArray
    hashes: NDArray[np.uint64]

    @classmethod
    def collect(cls, batches: Iterable[tuple[pa.Array | pa.ChunkedArray, list[str]]]) -> Texts:
        """Of batches of row ids and texts."""
        chunks: list[pa.Array] = []
        hashes: list[NDArray[np.uint64]] = []
        for row_ids, texts in batches:
            chunks += row_ids.chunks if isinstance(row_ids, pa.ChunkedArray) else [row_ids]
            hashes.append(stable_hashes(map(normalise, texts)))
        return cls(pa.chunked_array(chunks, pa.string()), np.concatenate([np.array([], np.uint64), *hashes]))


@dataclass(frozen=True)
class Survey:
    """Of all rows that have a text.

    Attributes:
        tests: the texts of the test split.
    """

    texts: Texts
    plan: Plan
    tests: Neighbours


def survey(batches: Iterable[pa.Table], options: AugmentOptions) -> Survey:
    """Look at all rows once."""
    tests: list[tuple[str, str]] = []
    classes: dict[str, list[NDArray[np.uint64]]] = {}

    def look() -> Iterator[tuple[pa.ChunkedArray, list[str]]]:
        for batch in batches:
            rows = with_text(batch, options.column)
            train = rows.filter(pc.equal(rows["split"], "train"))
            test = rows.filter(pc.equal(rows["split"], "test"))
            tests.extend(zip(test["row_id"].to_pylist(), test[options.column].to_pylist(), strict=True))
            if options.balance_to:
                _count(train, options.label, classes)
            yield rows["row_id"], rows[options.column].to_pylist()

    texts = Texts.collect(look())
    joined = {label: np.concatenate(places) for label, places in sorted(classes.items())}
    neighbours = Neighbours(tests, options.max_test_similarity, options.shingle_characters)
    return Survey(texts, plan(options, joined), neighbours)


def with_text(batch: pa.Table, column: str) -> pa.Table:
    """The rows whose text is there and not all space."""
    return batch.filter(pc.fill_null(pc.not_equal(pc.utf8_trim_whitespace(batch[column]), ""), False))


def _count(train: pa.Table, label: str, classes: dict[str, list[NDArray[np.uint64]]]) -> None:
    """Add the hashes of row ids to their classes; a row without a label is in none."""
    labelled = train.filter(pc.is_valid(train[label]))
    labels = np.array(as_texts(labelled[label]), object)
    places = stable_hashes(labelled["row_id"].to_pylist())
    for name in set(labels.tolist()):
        classes.setdefault(name, []).append(places[labels == name])
