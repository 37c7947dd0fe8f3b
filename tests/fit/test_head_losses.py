"""Losses of several heads, by hand."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from tasks.features.heads import MISSING

NAN = float("nan")
ONES = np.ones(2, np.float32)


def squares(outputs: Any, targets: Any, weights: Any, total: Any) -> Any:
    import tensorflow as tf

    return tf.reduce_sum(weights * tf.square(outputs - targets)) / total


def test_the_sum_is_weighed() -> None:
    from tasks.fit.head_losses import weighed_sum

    both = weighed_sum({"a": squares, "b": squares}, {"a": 1.0, "b": 0.5})
    outputs, targets = {"a": ONES, "b": 3 * ONES}, {"a": 0 * ONES, "b": ONES}

    assert float(both(outputs, targets, ONES, 2.0)) == pytest.approx(1.0 + 0.5 * 4.0)


def test_rows_without_a_number_teach_nothing() -> None:
    import tensorflow as tf

    from tasks.fit.head_losses import where_known

    outputs = tf.Variable([1.0, 5.0])
    with tf.GradientTape() as tape:
        loss = where_known("regression", squares)(outputs, np.array([3, NAN], np.float32), ONES, 2.0)

    assert float(loss) == pytest.approx(4 / 2)
    assert tape.gradient(loss, outputs).numpy().tolist() == [-2.0, 0.0]


def test_rows_without_a_class_or_with_an_unknown_one_teach_nothing() -> None:
    from tasks.fit.head_losses import where_known
    from tasks.fit.losses import cross_entropy

    logits = np.array([[0, math.log(3)], [9, -9], [9, -9]], np.float32)
    classes = np.array([1, MISSING, -1], np.int32)

    loss = where_known("classification", cross_entropy(0.1))(logits, classes, np.ones(3, np.float32), 3.0)

    assert float(loss) == pytest.approx(-(0.95 * math.log(3 / 4) + 0.05 * math.log(1 / 4)) / 3, rel=1e-4)


def test_rows_without_labels_teach_nothing() -> None:
    from tasks.fit.head_losses import where_known
    from tasks.fit.losses import binary_cross_entropy

    logits, labels = np.array([[0, 0], [9, 9]], np.float32), np.array([[1, 0], [MISSING] * 2], np.float32)

    loss = where_known("multi_label", binary_cross_entropy())(logits, labels, ONES, 2.0)

    assert float(loss) == pytest.approx(math.log(2) / 2)


def test_words_count_alike_by_the_weight_of_their_row() -> None:
    from tasks.fit.head_losses import where_known
    from tasks.fit.losses import cross_entropy

    logits = np.zeros((2, 3, 2), np.float32)
    logits[0, 1] = [0, math.log(3)]
    tags = np.array([[MISSING, 1, 0], [MISSING, 1, MISSING]], np.int32)
    weights = np.array([1.0, 0.5], np.float32)

    loss = where_known("tagging", cross_entropy(), words=1.5)(logits, tags, weights, 2.0)

    assert float(loss) == pytest.approx((math.log(4 / 3) + math.log(2) + 0.5 * math.log(2)) / 1.5 / 2)


def test_workers_share_a_loss_of_words() -> None:
    from tasks.fit.head_losses import where_known
    from tasks.fit.losses import cross_entropy

    random = np.random.default_rng(1)
    logits = random.normal(size=(4, 5, 3)).astype(np.float32)
    tags = random.integers(-2, 3, (4, 5)).astype(np.int32)
    loss = where_known("tagging", cross_entropy(), words=2.0)

    whole = float(loss(logits, tags, np.ones(4, np.float32), 4.0))
    shares = [float(loss(logits[part::2], tags[part::2], ONES, 4.0)) for part in (0, 1)]

    assert sum(shares) == pytest.approx(whole, rel=1e-5)
