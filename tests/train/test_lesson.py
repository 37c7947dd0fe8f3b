"""What is learned, by task."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from infra.errors import DataError, NotFoundError
from tasks.train.config import TrainOptions
from tasks.train.lesson import prepare
from tests.train.conftest import people, tabular


def options(task: str) -> TrainOptions:
    return TrainOptions.model_validate({"task": task, "max_tokens": 8, "embedding_size": 2})


def test_texts_with_labels(encoder: Path) -> None:
    lesson = prepare(options("text_classification"), pa.table({"text": ["a b", "c"], "label": ["y", "x"]}), encoder)

    assert lesson.labels == ("x", "y")
    assert lesson.examples.targets.tolist() == [1, 0]
    assert lesson.examples.lengths is not None and lesson.examples.lengths.tolist() == [4, 3]
    assert lesson.examples.inputs(np.array([1]))["input_ids"].tolist() == [[2, 6, 3]]
    assert lesson.build().exported.output_shape == (None, 2)


def test_questions_with_answers_number_equal_answers_equally(encoder: Path) -> None:
    rows = pa.table({"text": ["a", "b", "c"], "answer": ["d d", "a", "d d"]})

    lesson = prepare(options("text_retrieval"), rows, encoder)

    assert lesson.examples.targets.tolist() == [0, 1, 0]
    inputs = lesson.examples.inputs(np.array([0, 1]))
    assert inputs["input_ids"].tolist() == [[2, 4, 3], [2, 5, 3]]
    assert inputs["answer_input_ids"].tolist() == [[2, 7, 7, 3], [2, 4, 3, 0]]
    assert [tower.shape[-1] for tower in lesson.build().trained.outputs] == [8, 8]


def test_tables_and_ratings() -> None:
    table = prepare(tabular(), people(), None)
    ratings = pa.table({"user": ["u", "v"], "item": [1, 1], "rating": [1.5, 4.0]})
    rated = prepare(options("rating_prediction"), ratings, None)

    assert table.labels == ("no", "yes")
    assert set(table.examples.inputs(np.array([0, 3]))) == {"numeric", "categories"}
    assert rated.examples.targets.tolist() == [1.5, 4.0]
    assert rated.examples.inputs(np.array([1]))["user"].tolist() == [2]


@pytest.mark.parametrize("rows", [0, 1])
def test_too_few_rows(rows: int) -> None:
    with pytest.raises(DataError, match=rf"train split: found {rows} rows; allowed: two rows or more"):
        prepare(tabular(), people().slice(0, rows), None)


def test_one_class() -> None:
    rows = pa.table({"age": [1, 2], "job": ["cook", "cook"], "label": ["no", "no"]})

    with pytest.raises(DataError, match=r"found only 'no'; allowed: two classes or more"):
        prepare(tabular(), rows, None)


def test_texts_need_weights() -> None:
    with pytest.raises(NotFoundError, match="pretrained weights: found no folder"):
        prepare(options("text_classification"), pa.table({"text": ["a", "b"], "label": ["x", "y"]}), None)
