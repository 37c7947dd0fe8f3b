"""Masks that a seed and a row's place decide."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest


def dropped(
    seed: tuple[int, int],
    salt: int = 0,
    shape: tuple[int, ...] = (50, 80),
    rows: Sequence[int] | None = None,
    by_xla: bool = False,
) -> Any:
    import tensorflow as tf

    from tasks.model.dropout import SeededDropout, dropout_seed

    def draw() -> Any:
        with dropout_seed(tf.constant(seed), None if rows is None else tf.constant(rows)):
            return SeededDropout(0.25, salt)(tf.ones(shape), training=True)

    return (tf.function(draw, jit_compile=True) if by_xla else draw)().numpy()


def test_a_share_is_dropped_and_the_rest_scaled() -> None:
    masked = dropped((7, 1), shape=(500, 80))

    assert sorted(np.unique(masked)) == pytest.approx([0.0, 4 / 3])
    assert masked.mean() == pytest.approx(1.0, abs=0.015)  # five standard deviations
    assert masked.mean(axis=0) == pytest.approx(np.ones(80), abs=0.13)
    assert masked.mean(axis=1) == pytest.approx(np.ones(500), abs=0.33)


def test_the_mask_depends_on_seed_step_and_layer_alone() -> None:
    first = dropped((7, 1))

    np.testing.assert_array_equal(first, dropped((7, 1)))
    for other in (dropped((8, 1)), dropped((7, 2)), dropped((7, 1), salt=1), dropped((7, 0), salt=1)):
        same = (first == other).mean()
        assert same == pytest.approx(0.75**2 + 0.25**2, abs=0.04)  # that of independent masks


def test_a_rows_mask_is_the_same_in_whatever_batch() -> None:
    together = dropped((7, 3), shape=(6, 9, 4))

    part = dropped((7, 3), shape=(3, 9, 4), rows=[1, 3, 5])  # the second of two workers
    np.testing.assert_array_equal(part, together[[1, 3, 5]])


def test_neither_padding_nor_xla_changes_it() -> None:
    short = dropped((7, 3), shape=(6, 9, 4))

    np.testing.assert_array_equal(dropped((7, 3), shape=(6, 16, 4))[:, :9], short)
    np.testing.assert_array_equal(dropped((7, 3), shape=(6, 9, 4), by_xla=True), short)


def test_each_view_of_a_row_has_a_mask_of_its_own() -> None:
    views = dropped((7, 3), shape=(8, 80), rows=[0, 1, 2, 3])

    np.testing.assert_array_equal(views[:4], dropped((7, 3), shape=(4, 80)))
    assert all((views[row] != views[row + 4]).any() for row in range(4))


def test_masks_of_rows_and_steps_are_not_alike() -> None:
    masks = np.concatenate([dropped((7, step), shape=(40, 256)) > 0 for step in range(5)]).astype(float)

    agreement = np.corrcoef(masks)[np.triu_indices(200, 1)]
    assert abs(agreement).max() < 6 / np.sqrt(256)
    assert agreement.std() == pytest.approx(1 / np.sqrt(256), rel=0.05)


def test_nothing_is_dropped_outside_of_training() -> None:
    import tensorflow as tf

    from tasks.model.dropout import SeededDropout

    assert (SeededDropout(0.9, 0)(tf.ones(100)).numpy() == 1).all()


def test_training_without_a_seed_is_a_mistake() -> None:
    import tensorflow as tf

    from tasks.model.dropout import SeededDropout

    with pytest.raises(RuntimeError, match="outside of dropout_seed"):
        SeededDropout(0.5, 0)(tf.ones(100), training=True)
