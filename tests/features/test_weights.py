"""How much a row counts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from infra.errors import DataError
from tasks.features.weights import check_weight_column, row_weights, weighed_rows
from tasks.fit.batches import Batches, Examples
from tasks.lessons.config import TrainOptions
from tasks.lessons.material import prepare, read_train_rows
from tests.packages import identified, make_dataset

TABULAR: dict[str, Any] = {"task": "tabular_classification", "numeric": ["age"], "hidden_units": [], "dropout": 0.0}


def test_weights_have_a_mean_of_1_and_zeros_leave_rows_out() -> None:
    rows = weighed_rows(pa.table({"w": [1.0, 0.0, 3.0], "x": [1, 2, 3]}), "w")

    assert rows["x"].to_pylist() == [1, 3]
    assert row_weights(rows, "w").tolist() == [0.5, 1.5]


@pytest.mark.parametrize(
    ("weights", "found"),
    [
        ([1.0, None], "found 1 weights such as nan; allowed: numbers from 0 on, none missing"),
        ([1.0, -2.0], "found 1 weights such as -2.0"),
        ([1.0, float("inf")], "found 1 weights such as inf"),
        ([0.0, 0.0], "found no weight above 0"),
    ],
)
def test_what_is_no_weight(weights: list[float | None], found: str) -> None:
    with pytest.raises(DataError, match=rf"train.weight column 'w': {found}"):
        weighed_rows(pa.table({"w": pa.array(weights, pa.float64())}), "w")


def test_a_column_that_is_no_number_or_not_there() -> None:
    columns = {"text": "string", "w": "float64"}

    with pytest.raises(DataError, match="column 'text': found a column of type string; allowed: a number column: w"):
        check_weight_column("text", columns)
    with pytest.raises(DataError, match="column 'v': found no such column"):
        check_weight_column("v", columns)


def test_weight_0_is_leaving_out_and_weight_2_is_having_twice() -> None:
    """Under gradient descent on the full batch, over linear logits, through the batches and the loss of training."""
    points = np.array([[1.0, 2.0], [3.0, -1.0], [-2.0, 0.5], [0.5, 0.5]], np.float32)
    labels = np.array([0, 1, 2, 1], np.int32)

    weighed = _descend(points, labels, np.array([0, 2, 1, 1], np.float32))
    written_out = _descend(points[[1, 1, 2, 3]], labels[[1, 1, 2, 3]], None)

    np.testing.assert_allclose(weighed, written_out, atol=1e-6)
    assert np.abs(weighed - _descend(points, labels, None)).max() > 0.01


def test_workers_share_weighed_rows() -> None:
    weights = np.array([0.5, 1.5, 1.0], np.float32)
    examples = Examples(lambda rows: rows, lambda rows: {"x": rows}, 3, weights=weights)
    parts = [Batches(examples, 3, 1, worker, 2).slice(0) for worker in range(2)]

    seen = {
        target: weight for part in parts for target, weight in zip(part.targets, part.weights, strict=True) if weight
    }
    assert seen == {0: 0.5, 1: 1.5, 2: 1.0}
    assert sum(part.weights.sum() for part in parts) == parts[0].total == 3


def test_a_lesson_reads_its_weights(tmp_path: Path) -> None:
    rows = {"age": [1.0, 2.0, 9.0, 4.0], "label": ["a", "a", "b", "b"], "w": [9.0, 2.0, 0.0, 1.0]}
    dataset = make_dataset(pa.table({**rows, "label": ["b", "a", "b", "b"]}), tmp_path / "data", test_rows=1)
    options = TrainOptions.model_validate({**TABULAR, "weight": "w"})

    material = prepare(options, read_train_rows(options, dataset), None)

    assert material.learned.weights is not None
    assert material.learned.weights.tolist() == pytest.approx([4 / 3, 2 / 3])
    unweighed = prepare(TrainOptions.model_validate(TABULAR), identified(pa.table(rows).take([1, 3])), None)
    assert material.lesson.features == unweighed.lesson.features


def test_a_weight_that_the_data_lacks_is_named(tmp_path: Path) -> None:
    dataset = make_dataset(pa.table({"age": [1.0, 2.0], "label": ["a", "b"]}), tmp_path / "data", test_rows=0)
    options = TrainOptions.model_validate({**TABULAR, "weight": "w"})

    with pytest.raises(
        DataError, match=r"train.weight column 'w': found no such column; allowed: a number column: age"
    ):
        read_train_rows(options, dataset)


def _descend(points: Any, labels: Any, weights: Any) -> Any:
    import tensorflow as tf

    from tasks.fit.losses import cross_entropy

    scaled = None if weights is None else weights / weights.mean()
    batches = Batches(
        Examples(lambda rows: labels[rows], lambda rows: {"x": points[rows]}, len(labels), weights=scaled),
        len(labels),
        1,
    )
    kernel, loss = tf.Variable(tf.zeros((2, 3))), cross_entropy()
    for step in range(20):
        part = batches.slice(step)
        with tf.GradientTape() as tape:
            value = loss(part.inputs["x"] @ kernel, part.targets, part.weights, float(part.total))
        kernel.assign_sub(0.5 * tape.gradient(value, kernel))
    return kernel.numpy()
