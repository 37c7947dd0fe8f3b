"""Arrays on their way into a model, in batches that waste little on padding."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

Arrays = Mapping[str, NDArray[np.generic]]
Floats = NDArray[np.float32]

MASK = "attention_mask"
TEXT_BATCH = 32
ROW_BATCH = 1024


def run_in_batches(run: Callable[[Arrays], Floats], arrays: Arrays) -> Floats:
    """One row of output for each row of `arrays`, of which there is one or more, in the same order."""
    places, parts = zip(*((rows, run(batch)) for rows, batch in batches(arrays)), strict=True)
    outputs: Floats = np.concatenate(parts)
    restored = np.empty_like(outputs)
    restored[np.concatenate(places)] = outputs
    return restored


def batches(arrays: Arrays) -> Iterator[tuple[NDArray[np.int64], Arrays]]:
    """All rows in batches, each with the places of its rows.

    Texts run together with texts of like length: the cost of a batch is that of its longest text.
    """
    rows = len(next(iter(arrays.values())))
    lengths = arrays[MASK].sum(axis=1) if MASK in arrays else None
    order = np.arange(rows) if lengths is None else np.argsort(lengths, kind="stable")
    size = ROW_BATCH if lengths is None else TEXT_BATCH
    for start in range(0, rows, size):
        chosen = order[start : start + size]
        batch = {name: array[chosen] for name, array in arrays.items()}
        yield chosen, batch if lengths is None else _trimmed(batch, int(lengths[chosen].max()))


def _trimmed(batch: Arrays, length: int) -> Arrays:
    """A batch of texts without the columns in which all is padding."""
    return {name: array[:, :length] for name, array in batch.items()}
