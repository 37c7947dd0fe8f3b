from __future__ import annotations

import numpy as np
import pyarrow as pa

from tasks.lessons.config import TrainOptions
from tasks.private.audit.canaries import canaries
from tests.train.conftest import people, tabular


def with_identity(rows: pa.Table) -> pa.Table:
    keys = pa.array([f"{number:032x}" for number in range(rows.num_rows)], pa.string())
    return rows.append_column("row_id", keys).append_column("key", keys)


def planted(rows: pa.Table, options: TrainOptions, count: int = 30) -> pa.Table:
    rows = with_identity(rows)
    made = canaries(rows, options, count, np.random.default_rng(2))
    assert made.schema == rows.schema
    both = pa.concat_tables([rows, made])
    for name in ("row_id", "key"):
        assert len(both[name].unique()) == both.num_rows
    return made


def test_canaries_of_columns_are_one_row_with_a_category_of_their_own_and_a_label_by_chance() -> None:
    rows = people()
    made = planted(rows, tabular())

    assert len(made["age"].unique()) == 1
    assert len(set(made["job"].to_pylist()) - {"cook", "baker"}) == 30
    assert 5 < made["label"].to_pylist().count("yes") < 25


def test_a_category_that_is_a_number_gets_numbers_that_are_not_there() -> None:
    rows = people().set_column(1, "job", pa.array([3, 8] * 32))
    made = planted(rows, tabular())

    assert made["job"].to_pylist() == list(range(9, 39))


def test_where_rare_categories_are_one_canaries_are_rows_with_labels_by_chance() -> None:
    made = planted(people(), tabular(rare_rows=2))

    assert set(made["job"].to_pylist()) == {"cook", "baker"}
    assert len(made["age"].unique()) > 10


def test_canaries_of_texts_keep_labels_and_numbers_of_words() -> None:
    rows = pa.table({"text": ["a b c", "d", ""] * 10, "label": ["three", "one", "none"] * 10})
    made = planted(rows, TrainOptions(task="text_classification"))

    for text, label in zip(made["text"].to_pylist(), made["label"].to_pylist(), strict=True):
        assert len(text.split()) == {"three": 3, "one": 1, "none": 1}[label]
        assert set(text.split()) <= {"a", "b", "c", "d"}
    assert made["text"].to_pylist().count("a b c") < 5


def test_canaries_of_ratings_are_strangers_with_the_ends_of_the_scale() -> None:
    rows = pa.table({"user": ["u", "v"], "item": [4, 7], "rating": [2.0, 5.0]})
    made = planted(rows, TrainOptions(task="rating_prediction"))

    assert set(made["rating"].to_pylist()) == {2.0, 5.0}
    assert len(made["user"].unique()) == len(made["item"].unique()) == 30
    assert min(made["item"].to_pylist()) == 8


def test_each_canary_is_a_person_of_its_own() -> None:
    rows = people().append_column("household", pa.array(["h1", "h2"] * 32))
    privacy = {"noise_multiplier": 1.0, "preprocessing": "public", "unit": "user", "user": "household"}
    made = planted(rows, tabular(privacy=privacy))

    assert not set(made["household"].to_pylist()) & {"h1", "h2"}
    assert len(made["household"].unique()) == 30
