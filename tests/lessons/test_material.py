"""What is learned, by task."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from infra.errors import DataError, NotFoundError
from tasks.fit.batches import Examples
from tasks.lessons.config import TrainOptions
from tasks.lessons.material import prepare
from tests.packages import identified
from tests.train.conftest import people, tabular


def options(task: str) -> TrainOptions:
    return TrainOptions.model_validate({"task": task, "encoder": {"max_tokens": 8}, "embedding_size": 2})


def targets(examples: Examples) -> list[float]:
    chosen = examples.targets(np.arange(len(examples)))
    return [float(value) for value in np.asarray(chosen)]


def test_texts_with_labels(encoder: Path) -> None:
    rows = identified(pa.table({"text": ["a b", "c"], "label": ["y", "x"]}))

    material = prepare(options("text_classification"), rows, encoder)

    learned = material.learned
    assert material.lesson.labels == ("x", "y")
    assert targets(learned) == [1, 0]
    assert learned.lengths is not None and learned.lengths.tolist() == [4, 3]
    assert learned.ids is not None and learned.ids.tolist() == rows["row_id"].to_pylist()
    assert learned.inputs(np.array([1]))["input_ids"].tolist() == [[2, 6, 3]]
    assert material.validation is None
    assert material.lesson.build().exported.output_shape == (None, 2)


def test_questions_with_answers_number_equal_answers_equally(encoder: Path) -> None:
    rows = identified(pa.table({"text": ["a", "b", "c"], "answer": ["d d", "a", "d d"]}))

    material = prepare(options("text_retrieval"), rows, encoder)

    assert targets(material.learned) == [0, 1, 0]
    inputs = material.learned.inputs(np.array([0, 1]))
    assert inputs["input_ids"].tolist() == [[2, 4, 3], [2, 5, 3]]
    assert inputs["answer_input_ids"].tolist() == [[2, 7, 7, 3], [2, 4, 3, 0]]
    assert [tower.shape[-1] for tower in material.lesson.build().trained.outputs] == [8, 8]


def test_tables_and_ratings() -> None:
    table = prepare(tabular(), identified(people()), None)
    ratings = identified(pa.table({"user": ["u", "v"], "item": [1, 1], "rating": [1.5, 4.0]}))
    rated = prepare(options("rating_prediction"), ratings, None)

    assert table.lesson.labels == ("no", "yes")
    assert set(table.learned.inputs(np.array([0, 3]))) == {"numeric", "categories"}
    assert targets(rated.learned) == [1.5, 4.0]
    assert rated.learned.inputs(np.array([1]))["user"].tolist() == [2]


@pytest.mark.parametrize("rows", [0, 1])
def test_too_few_rows(rows: int) -> None:
    with pytest.raises(DataError, match=rf"train split: found {rows} rows; allowed: two rows or more"):
        prepare(tabular(), identified(people()).slice(0, rows), None)


def test_one_class() -> None:
    rows = identified(pa.table({"age": [1, 2], "job": ["cook", "cook"], "label": ["no", "no"]}))

    with pytest.raises(DataError, match=r"found only 'no'; allowed: two classes or more"):
        prepare(tabular(), rows, None)


def test_texts_need_weights() -> None:
    with pytest.raises(NotFoundError, match="pretrained weights: found no folder"):
        prepare(options("text_classification"), identified(pa.table({"text": ["a", "b"], "label": ["x", "y"]})), None)


def test_validation_rows_are_apart_and_teach_nothing() -> None:
    rows = identified(people(64).append_column("place", pa.array(range(64))))
    asked = tabular(numeric=["age", "place"], validation_share=0.25)

    material = prepare(asked, rows, None)

    assert material.validation is not None and material.validation.ids is not None and material.learned.ids is not None
    held, learned = set(material.validation.ids), set(material.learned.ids)
    assert not held & learned and len(held | learned) == 64
    assert 8 <= len(held) <= 24
    alone = rows.filter(pa.compute.is_in(rows["row_id"], pa.array(sorted(learned))))
    assert material.lesson.features == prepare(tabular(numeric=["age", "place"]), alone, None).lesson.features


def test_more_rows_move_none_out_of_validation() -> None:
    def held(count: int) -> set[str]:
        found = prepare(tabular(validation_share=0.3), identified(people(count)), None).validation
        assert found is not None and found.ids is not None
        return set(found.ids)

    assert held(32) <= held(64)


def test_a_share_that_holds_no_row_back_is_told() -> None:
    with pytest.raises(DataError, match=r"train.validation_share: found 1e-09 of 16 rows, which holds none back"):
        prepare(tabular(validation_share=1e-9), identified(people(16)), None)
