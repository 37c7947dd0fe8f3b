"""Which rows a private step takes: each with the same probability, whatever becomes of the others."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tasks.fit.batches import Examples, Rows, Slice


def poisson_sample(rows: int, rate: float, random: np.random.Generator) -> Rows:
    """Numbers of the sampled ones out of so many rows, rising; there may be none.

    This is what the accountant takes sampling for (Abadi et al. 2016). Shuffled rows in batches of one size, which
    are often told as this, spend more (Chua et al. 2024).
    """
    return np.flatnonzero(random.random(rows) < rate)


def parts(examples: Examples, rows: Rows, most: int) -> Iterator[Slice]:
    """The sampled rows as parts of at most so many, which are computed one after another; short texts come first."""
    if examples.lengths is not None:
        rows = rows[np.argsort(examples.lengths[rows], kind="stable")]
    for start in range(0, len(rows), most):
        chosen = rows[start : start + most]
        longest = 0 if examples.lengths is None else int(examples.lengths[chosen].max())
        ones = np.ones(len(chosen), np.float32)
        yield Slice(examples.inputs(chosen), examples.targets(chosen), ones, len(chosen), chosen, longest)
