"""MinHash signatures in bands: which rows are worth comparing.

Two rows agree in one minimum with the probability of their Jaccard similarity s (Broder 1997). In r minima at once,
a band, they do with s^r; in at least one of b bands with 1 - (1 - s^r)^b, a curve in the form of an S (Leskovec,
Rajaraman and Ullman, Mining of Massive Datasets, ch. 3.4). More minima a band make fewer candidates, more bands miss
fewer pairs.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from tasks.clean.near.hashing import UInt64, absorb, finish, stream, text_hash
from tasks.clean.near.shingles import Shingles

_BLOCK = 1 << 16  # shingles at a time: what is computed of them stays in the processor's cache


@dataclass(frozen=True)
class Bands:
    """`count` bands of `minima` each."""

    count: int
    minima: int

    def recall(self, similarity: float) -> float:
        """The probability that two rows so similar share a band."""
        return float(1 - (1 - similarity**self.minima) ** self.count)


def choose_bands(threshold: float, recall: float, permutations: int) -> Bands | None:
    """The most minima a band, hence the fewest candidates, that find a pair at the threshold with probability `recall`.

    Of at most `permutations` minima in all; None where these are too few.
    """
    for minima in range(permutations, 0, -1):
        if Bands(permutations // minima, minima).recall(threshold) >= recall:
            counts = range(1, permutations // minima + 1)
            return next(
                bands for bands in (Bands(count, minima) for count in counts) if bands.recall(threshold) >= recall
            )
    return None


def band_hashes(shingles: Shingles, bands: Bands) -> UInt64:
    """The hash of every band of every row: rows x bands. A row must have a shingle.

    The permutations are h -> a h modulo 2^32 with a odd, the multiplicative hashing of Dietzfelbinger et al. (1997), on
    the high half of each shingle's hash, whose bits are mixed already.
    """
    hashes = np.empty((len(shingles.counts), bands.count), np.uint64)
    blocks = np.flatnonzero(np.diff(shingles.offsets[:-1] // _BLOCK, prepend=-1))
    for begin, end in pairwise([*blocks, len(hashes)]):
        first, last = shingles.offsets[begin], shingles.offsets[end]
        values = (shingles.hashes[first:last] >> np.uint64(32)).astype(np.uint32)
        hashes[begin:end] = _block_hashes(values, shingles.offsets[begin:end] - first, bands)
    return hashes


def _block_hashes(values: npt.NDArray[np.uint32], starts: npt.NDArray[np.int64], bands: Bands) -> UInt64:
    factors = stream(text_hash("permutations"), bands.minima * bands.count).astype(np.uint32) | np.uint32(1)
    minima = np.empty((bands.minima * bands.count, len(starts)), np.uint32)
    permuted = np.empty_like(values)
    for factor, row in zip(factors, minima, strict=True):
        np.multiply(values, factor, out=permuted)
        np.minimum.reduceat(permuted, starts, out=row)
    state = np.zeros((bands.count, len(starts)), np.uint64)
    for part in minima.reshape(bands.minima, bands.count, -1):
        state = absorb(state, part.astype(np.uint64))
    return finish(state).T
