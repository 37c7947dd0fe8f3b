"""Which wrong answers are the hard ones."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.fit.hard_negatives import nearest_wrong
from tasks.fit.losses import ANSWER_NUMBERS, WRONG_NUMBERS, contrastive

ANSWERS = np.array([[1, 0], [0.96, 0.28], [0.6, 0.8], [0, 1], [-1, 0]], np.float32)  # round the circle


def test_the_nearest_come_first_and_the_own_answer_never() -> None:
    questions, own = ANSWERS[[0, 3]], np.array([0, 3], np.int32)

    assert nearest_wrong(questions, ANSWERS, own, 2, 1.0, own).tolist() == [[1, 2], [2, 1]]


def test_answers_that_say_the_same_are_passed_over() -> None:
    questions, own = ANSWERS[[0]], np.array([0], np.int32)

    # The answer at 1 has a cosine of 0.96 with the own one.
    assert nearest_wrong(questions, ANSWERS, own, 2, 0.9, own).tolist() == [[2, 3]]


def test_the_question_decides_which_is_near_and_the_answer_which_is_the_same() -> None:
    question, own = ANSWERS[[4]], np.array([0], np.int32)  # a question far from its own answer

    assert nearest_wrong(question, ANSWERS, own, 2, 0.9, own).tolist() == [[4, 3]]


def test_where_too_few_are_wrong_the_own_one_fills_up() -> None:
    own = np.array([1], np.int32)

    assert nearest_wrong(ANSWERS[[1]], ANSWERS[:3], own, 4, 0.9, own).tolist() == [[2, 1, 1, 1]]


def test_what_answers_the_same_question_is_right() -> None:
    own, groups = np.array([0, 1, 4], np.int32), np.array([0, 0, 1], np.int32)  # the first two ask the same

    found = nearest_wrong(ANSWERS[[0, 0, 4]], ANSWERS, own, 2, 1.0, groups)

    assert found.tolist() == [[2, 3], [2, 3], [3, 2]]


@given(st.integers(1, 6), st.integers(1, 8), st.integers(0, 99), st.floats(0.1, 1.0))
def test_what_is_found_is_wrong_and_nearer_than_what_is_left(count: int, size: int, seed: int, highest: float) -> None:
    random = np.random.default_rng(seed)
    answers, questions = (random.normal(size=(rows, 3)).astype(np.float32) for rows in (size, 5))
    answers, questions = (part / np.linalg.norm(part, axis=1, keepdims=True) for part in (answers, questions))
    own = random.integers(0, size, 5).astype(np.int32)

    found = nearest_wrong(questions, answers, own, count, highest, np.arange(5, dtype=np.int32))

    for question, place, row in zip(questions, own, found, strict=True):
        wrong = [other for other in range(size) if other != place and answers[other] @ answers[place] <= highest]
        nearest = sorted((question @ answers[other] for other in wrong), reverse=True)[:count]
        assert np.allclose([question @ answers[other] for other in row[: len(nearest)]], nearest)
        assert set(row[len(nearest) :].tolist()) <= {int(place)}


def test_answers_are_told_from_the_batchs_and_from_the_hard_ones() -> None:
    import tensorflow as tf

    questions, answers = np.eye(2, 3, dtype=np.float32), np.eye(2, 3, dtype=np.float32)
    wrong = np.array([[[0, 0, 1]], [[0, 1, 0]]], np.float32)  # the second one is the second question's own answer
    targets = {ANSWER_NUMBERS: tf.constant([0, 1]), WRONG_NUMBERS: tf.constant([[2], [1]])}

    loss = contrastive(0.5)((questions, answers, wrong), targets, tf.constant([1.0, 1.0]), 2.0)

    # Cosines over 0.5. Question 0: own 2, the other answer 0, hard ones 0 and 0 (number 1 is not its own).
    # Question 1: own 2, the other answer 0, hard ones 0 and its own, which is left out.
    first, second = np.log(np.exp(2) + 3) - 2, np.log(np.exp(2) + 2) - 2
    assert float(loss) == pytest.approx((first + second) / 2)
    alone = contrastive(0.5)((questions, answers, wrong), targets, tf.constant([1.0, 0.0]), 1.0)
    assert float(alone) == pytest.approx(np.log(np.exp(2) + 1) - 2)  # a row that fills up brings no wrong answers
