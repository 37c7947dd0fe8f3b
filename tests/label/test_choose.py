"""Questions are about unlabelled rows, each once, and stay the same when rows move."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from infra.errors import NotFoundError, RecipeError
from tasks.data.references import DatasetRef
from tasks.label.choose import Choice, choose
from tasks.label.config import LabelOptions
from tasks.label.query import Strategy
from tasks.label.store import Answer, LabelStore

Write = Callable[..., DatasetRef]
GOOD = [f"great fine lovely {word}" for word in ("hotel", "room", "bed", "view", "bar", "pool")]
BAD = [f"awful dirty broken {word}" for word in ("hotel", "room", "bed", "view", "bar", "pool")]
UNCLEAR = ["great awful hotel", "lovely broken room"]


@pytest.fixture
def rows(write: Write) -> DatasetRef:
    """Twelve labelled rows, one clear and two unclear ones without a label, and one for testing."""
    texts = [*GOOD, *BAD, "great fine lovely lamp", *UNCLEAR, "plain"]
    labels = ["good"] * 6 + ["bad"] * 6 + [None] * 4
    return write(text=texts, label=labels, split=["train"] * 15 + ["test"])


def pick(
    dataset: DatasetRef, store: LabelStore, count: int, by: Strategy, side: Any = "train", **questions: Any
) -> Choice:
    return choose(dataset, LabelOptions.model_validate({"questions": questions}), store, count, by, side)


def ask(store: LabelStore, choice: Choice, name: str) -> set[str]:
    store.ask(name, choice.strategy, 1, choice.questions)
    return {question.row_id for question in choice.questions}


@pytest.mark.parametrize("by", ["margin", "entropy"])
def test_the_doubtful_come_first_with_a_suggestion(rows: DatasetRef, store: LabelStore, by: Strategy) -> None:
    choice = pick(rows, store, 2, by)
    assert choice.strategy == by
    assert {question.row_id for question in choice.questions} == {"0013", "0014"}
    assert {question.suggested for question in choice.questions} <= {"good", "bad"}
    (last,) = pick(rows, store, 3, by).questions[2:]
    assert (last.row_id, last.suggested) == ("0012", "good")


def test_nothing_is_asked_twice_until_nothing_is_left(rows: DatasetRef, store: LabelStore) -> None:
    first = ask(store, pick(rows, store, 2, "margin"), "one")
    second = ask(store, pick(rows, store, 2, "margin"), "two")
    assert len(first) == 2 and len(second) == 1 and not first & second
    with pytest.raises(NotFoundError, match=r"train rows to ask about: found none without a label.*label suspects"):
        pick(rows, store, 2, "margin")


def test_answers_are_learned_from(write: Write, store: LabelStore) -> None:
    texts = [*GOOD, *BAD, *UNCLEAR]
    dataset = write(text=texts, label=[None] * len(texts))
    cold = pick(dataset, store, 12, "margin", cold_labels=4)
    assert cold.strategy == "diverse"
    assert {question.suggested for question in cold.questions} == {""}
    clear = [one for one in cold.questions if int(one.row_id) < 12][:8]
    labels = ["good" if int(one.row_id) < 6 else "bad" for one in clear]
    store.merge([Answer(one.item, one.row_id, "ann", label) for one, label in zip(clear, labels, strict=True)], "file")
    warm = pick(dataset, store, 2, "margin", cold_labels=4)
    assert warm.strategy == "margin"
    assert {question.row_id for question in warm.questions} == {"0012", "0013"}


def test_rows_of_equal_inputs_are_one_question(write: Write, store: LabelStore) -> None:
    choice = pick(write(text=["same", "same", "other"], label=[None] * 3), store, 3, "random")
    assert len(choice.questions) == 2


def test_the_same_rows_are_asked_about_wherever_they_stand(write: Write, store: LabelStore) -> None:
    texts = [f"text {number}" for number in range(40)]
    one = pick(write(text=texts, label=[None] * 40), store, 5, "random")
    turned = write(text=texts[::-1], label=[None] * 40, row_id=[f"new{place:02d}" for place in range(40)])
    other = pick(turned, store, 5, "random")
    assert [question.item for question in one.questions] == [question.item for question in other.questions]
    ask(store, one, "run")
    again = pick(turned, store, 40, "random")
    assert len(again.questions) == 35  # known by what they say, though every row_id is new


def test_only_the_side_that_was_asked_for(rows: DatasetRef, store: LabelStore) -> None:
    assert [question.row_id for question in pick(rows, store, 5, "random", "test").questions] == ["0015"]


def test_many_candidates_are_sampled(write: Write, store: LabelStore) -> None:
    dataset = write(text=[f"text {number}" for number in range(500)], label=[None] * 500)
    assert len(pick(dataset, store, 500, "random", candidates=100).questions) == 100


def test_tables_are_asked_about_too(write: Write, store: LabelStore) -> None:
    sizes = [float(number) for number in range(60)]
    labels = [None if 25 <= size < 35 or size == 2 else "small" if size < 30 else "large" for size in sizes]
    choice = pick(write(size=sizes, kind=["a", "b"] * 30, label=labels), store, 11, "margin")
    assert "0002" in [question.row_id for question in choice.questions]
    assert choice.strategy == "margin"
    assert {question.row_id: question.suggested for question in choice.questions}["0002"] == "small"


@pytest.mark.parametrize(
    ("columns", "text"),
    [
        ({"text": ["a"]}, r"ingest.contract: found no column label"),
        ({"text": ["a"], "label_": [1]}, r"found no column label; allowed: a column label of type string, nullable"),
    ],
)
def test_without_labels_as_texts_nothing_is_asked(write: Write, store: LabelStore, columns: Any, text: str) -> None:
    with pytest.raises(RecipeError, match=text):
        pick(write(**columns), store, 1, "margin")


def test_a_column_that_is_not_there_is_named(rows: DatasetRef, store: LabelStore) -> None:
    with pytest.raises(RecipeError, match=r"label.questions.columns: found title; allowed: row_id"):
        pick(rows, store, 1, "margin", columns=["title"])
