"""Signatures keep what the theory promises: the chance of a shared band follows the S-curve."""

from __future__ import annotations

import numpy as np
import pytest

from tasks.clean.near.shingles import Shingles
from tasks.clean.near.signatures import Bands, band_hashes, choose_bands

ROWS = 4000


def pairs_at(similarity: float, size: int) -> tuple[Shingles, Shingles]:
    """Rows of two sets each, of `size` shingles in all, of which they share the share `similarity`."""
    random = np.random.default_rng(7)
    shingles = random.integers(0, 2**64, (ROWS, size), dtype=np.uint64)
    shared = round(size * similarity)
    own = (size - shared) // 2
    left, right = shingles[:, : shared + own], np.hstack([shingles[:, :shared], shingles[:, size - own :]])
    offsets = np.arange(ROWS + 1) * (shared + own)
    return Shingles(left.ravel(), offsets), Shingles(right.ravel(), offsets)


@pytest.mark.parametrize(("similarity", "size"), [(0.2, 40), (0.5, 40), (0.6, 10), (0.8, 20), (0.8, 200)])
def test_two_rows_share_a_band_as_often_as_the_curve_says(similarity: float, size: int) -> None:
    bands = Bands(4, 3)
    left, right = (band_hashes(side, bands) for side in pairs_at(similarity, size))
    found, right_share = (left == right).any(axis=1).mean(), bands.recall(similarity)
    assert abs(found - right_share) < 4 * np.sqrt(right_share * (1 - right_share) / ROWS)


def test_equal_sets_share_every_band_in_any_order_and_any_block() -> None:
    hashes = np.random.default_rng(0).integers(0, 2**64, 70_000, dtype=np.uint64)  # more than a block
    rows = Shingles(np.concatenate([hashes, hashes[::-1], hashes[:3]]), np.array([0, 70_000, 140_000, 140_003]))
    signatures = band_hashes(rows, Bands(5, 2))
    alone = band_hashes(Shingles(hashes[:3], np.array([0, 3])), Bands(5, 2))
    assert (signatures[0] == signatures[1]).all()
    assert (signatures[2] == alone[0]).all()
    assert len(np.unique(signatures[0])) == 5


def test_bands_have_as_many_minima_as_the_recall_allows() -> None:
    chosen = choose_bands(0.8, 0.99, 128)
    assert chosen == Bands(16, 6)
    assert chosen.recall(0.8) == pytest.approx(1 - (1 - 0.8**6) ** 16)
    assert Bands(15, 6).recall(0.8) < 0.99  # one band less, or one minimum more, is too little
    assert Bands(128 // 7, 7).recall(0.8) < 0.99
    assert choose_bands(1.0, 0.99, 128) == Bands(1, 128)
    assert choose_bands(0.1, 0.99, 8) is None
