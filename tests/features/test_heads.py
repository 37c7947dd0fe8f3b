"""What heads learn of a table, and the truth as numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from infra.errors import DataError
from tasks.features.heads import (
    MISSING,
    class_truth,
    fit_head,
    joined,
    label_truth,
    number_truth,
    tag_truth,
    told_places,
)
from tasks.features.labels import UNKNOWN
from tasks.options import HeadKind

ROWS = pa.table(
    {
        "row_id": ["r0", "r1", "r2"],
        "text": ["to new york", "hello", ""],
        "intent": ["go", None, "greet"],
        "topics": ["b; a", None, ""],
        "grade": [1.0, None, 3.0],
        "tags": ["O B-city I-city", "O", None],
    }
)
LATER = pa.table(
    {
        "row_id": ["s0", "s1"],
        "text": ["to boston", "x"],
        "intent": ["fly", "go"],
        "topics": ["c;a", "b"],
        "grade": [2.0, 5.0],
        "tags": ["O B-town", None],
    }
)


def test_classes() -> None:
    head = fit_head("intent", "classification", "intent", ROWS)

    assert (head.labels, head.width) == (("go", "greet"), 2)
    assert class_truth(head, ROWS).tolist() == [0, MISSING, 1]
    assert class_truth(head, LATER).tolist() == [UNKNOWN, 0]


def test_labels() -> None:
    head = fit_head("topics", "multi_label", "topics", ROWS)

    assert head.labels == ("a", "b")
    assert label_truth(head, ROWS).tolist() == [[1, 1], [MISSING, MISSING], [0, 0]]
    assert label_truth(head, LATER).tolist() == [[1, 0], [0, 1]]


def test_numbers() -> None:
    head = fit_head("grade", "regression", "grade", ROWS)

    assert (head.labels, head.width, head.mean, head.deviation) == ((), 1, 2.0, 1.0)
    np.testing.assert_equal(number_truth(head, ROWS), np.array([-1, np.nan, 1], np.float32))
    assert number_truth(head, LATER).tolist() == [0, 3]


def test_tags() -> None:
    head = fit_head("tags", "tagging", "tags", ROWS)
    places = [None if tags is None else tags.tolist() for tags in tag_truth(head, ROWS, "text")]

    assert head.labels == ("O", "B-city", "I-city")
    assert places == [[0, 1, 2], [0], None]
    first, _ = tag_truth(head, LATER, "text")
    assert first is not None and first.tolist() == [0, UNKNOWN]


@pytest.mark.parametrize(
    ("kind", "values", "text"),
    [
        ("classification", ["a", "a", None], r"column x of the train split: found only 'a'; allowed: two classes"),
        ("multi_label", ["", ";", None], r"column x of the train split: found no label; allowed: one or more"),
        ("regression", [2.5, 2.5, None], r"found only 2.5; allowed: two values or more"),
        ("regression", pa.array([None] * 3, pa.float64()), r"found no number; allowed: two values"),
        ("tagging", ["O O O", "O", ""], r"found no span; allowed: one or more\. .*leave the head out of train\.heads"),
    ],
)
def test_a_column_that_is_always_the_same(kind: HeadKind, values: Any, text: str) -> None:
    with pytest.raises(DataError, match=text):
        fit_head("x", kind, "x", ROWS.append_column("x", pa.array(values)))


@pytest.mark.parametrize(
    ("tags", "text"),
    [
        (["O O", "O", ""], r"column x: found 2 tags for 3 words in row 'r0'; allowed: O, B-name or I-name for each"),
        (["O O", "", ""], r"found 2 tags for 3 words in row 'r0', and more such rows: 1"),
        (["O O O", "S-name", ""], r"found the tag 'S-name' in row 'r1'.*add drop_misaligned to clean\.rules"),
        (["O O O", "O", "B-name"], r"found 1 tags for 0 words in row 'r2'"),
    ],
)
def test_tags_that_do_not_fit_are_named_with_their_row(tags: list[str], text: str) -> None:
    with pytest.raises(DataError, match=text):
        fit_head("x", "tagging", "x", ROWS.append_column("x", pa.array(tags)))


def test_a_column_that_is_not_there() -> None:
    with pytest.raises(DataError, match=r"rows with the column 'mood'"):
        fit_head("mood", "classification", "mood", ROWS)


def test_figures_keep_their_names_where_only_one_head_has_them() -> None:
    by_head = {"intent": {"accuracy": 0.9, "f1": 0.5}, "mood": {"f1": 0.6}}

    assert joined(by_head) == {"accuracy": 0.9, "intent_f1": 0.5, "mood_f1": 0.6}


def test_inside_tags_are_told_where_spans_go_on_if_the_train_split_has_it_so() -> None:
    head = fit_head("tags", "tagging", "tags", ROWS)  # O, B-city, I-city
    scores = np.array([[0.0, 0.5, 1.0], [0.0, -1.0, 1.0]])

    assert head.continues
    assert told_places(head, scores).tolist() == [1, 2]
    assert told_places(head.model_copy(update={"continues": False}), scores).tolist() == [2, 2]
