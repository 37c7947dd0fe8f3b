"""Masks that a seed decides."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest


def dropped(seed: tuple[int, int], salt: int = 0) -> Any:
    import tensorflow as tf

    from tasks.model.dropout import SeededDropout, dropout_seed

    with dropout_seed(tf.constant(seed)):
        return SeededDropout(0.25, salt)(tf.ones((50, 80)), training=True).numpy()


def test_a_share_is_dropped_and_the_rest_scaled() -> None:
    masked = dropped((7, 1))

    assert sorted(np.unique(masked)) == pytest.approx([0.0, 4 / 3])
    assert masked.mean() == pytest.approx(1.0, abs=0.05)


def test_the_mask_depends_on_worker_step_and_layer_alone() -> None:
    first = dropped((7, 1))

    np.testing.assert_array_equal(first, dropped((7, 1)))
    for other in (dropped((8, 1)), dropped((7, 2)), dropped((7, 1), salt=1), dropped((7, 0), salt=1)):
        assert (first != other).any()


def test_nothing_is_dropped_outside_of_training() -> None:
    import tensorflow as tf

    from tasks.model.dropout import SeededDropout

    assert (SeededDropout(0.9, 0)(tf.ones(100)).numpy() == 1).all()


def test_training_without_a_seed_is_a_mistake() -> None:
    import tensorflow as tf

    from tasks.model.dropout import SeededDropout

    with pytest.raises(RuntimeError, match="outside of dropout_seed"):
        SeededDropout(0.5, 0)(tf.ones(100), training=True)
