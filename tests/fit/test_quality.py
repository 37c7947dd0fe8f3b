"""Figures of rows that are measured, by hand."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from tasks.features.heads import MISSING, Head
from tasks.features.labels import UNKNOWN
from tasks.fit.quality import accuracy, reciprocal_rank, root_mean_square

HEADS = (
    Head(column="intent", kind="classification", output="o1", labels=("a", "b")),
    Head(column="topics", kind="multi_label", output="o2", labels=("x", "y")),
    Head(column="grade", kind="regression", output="o3", mean=3.0, deviation=2.0),
    Head(column="tags", kind="tagging", output="o4", labels=("O", "B-to", "I-to")),
)


def floats(*values: Any) -> Any:
    return np.array(values, np.float32)


def test_accuracy_counts_rows_by_weight_over_batches_of_any_size() -> None:
    first = (floats([2, 1], [0, 1], [5, 4]), np.array([0, 0, UNKNOWN]), floats(1, 1, 2))
    second = (floats([0, 3], [9, 0]), np.array([1, 1]), floats(1, 0))  # the last row only fills up

    assert accuracy([first, second]) == {"accuracy": pytest.approx(2 / 5)}


def test_root_mean_square() -> None:
    batches = [(floats(1, 5), floats(3, 5), floats(1, 1)), (floats(0, 9), floats(2, 0), floats(1, 0))]

    assert root_mean_square(batches) == {"rmse": pytest.approx(math.sqrt(8 / 3))}


def test_ranks_are_among_the_different_answers_of_a_batch() -> None:
    """The second answer stands twice and is one; the last row only fills up, and would come first for the second."""
    questions = floats([1, 0], [0, 1], [1, 0], [0, 0])
    answers = floats([0.6, 0.8], [1, 0], [1, 0], [0, 9])
    targets, weights = np.array([4, 7, 7, 8]), floats(1, 1, 1, 0)

    found = reciprocal_rank([((questions, answers), targets, weights)])

    assert found == {"mrr": pytest.approx((1 / 2 + 1 / 2 + 1) / 3)}


def test_an_answer_that_scores_like_another_comes_after_it() -> None:
    same = floats([1, 0], [1, 0])

    assert reciprocal_rank([((same, same), np.array([0, 1]), floats(1, 1))]) == {"mrr": 0.5}


def head_batches() -> list[tuple[Any, Any, Any]]:
    """Two batches; the last row of the second only fills up, and some truths are missing."""
    nan = float("nan")
    one = {
        "o1": floats([1, 0], [0, 1]),
        "o2": floats([1, -1], [1, 1]),
        "o3": floats(0.5, 0.0),
        "o4": floats([[0, 0, 0], [0, 1, 0], [0, 0, 1]], [[0, 0, 0], [0, 1, 0], [0, 0, 0]]),
    }
    truth = {
        "o1": np.array([0, MISSING], np.int32),
        "o2": floats([1, 1], [0, 1]),
        "o3": floats(0.0, nan),
        "o4": np.array([[MISSING, 1, 2], [MISSING, UNKNOWN, MISSING]], np.int32),
    }
    two = {"o1": floats([1, 0]), "o2": floats([1, 1]), "o3": floats(1.0), "o4": floats([[0, 1, 0]])}
    same = {
        "o1": np.array([1], np.int32),
        "o2": floats([MISSING, MISSING]),
        "o3": floats(1.0),
        "o4": np.array([[0]], np.int32),
    }
    wrong = {name: np.zeros_like(values) for name, values in same.items()}
    return [
        (one, truth, floats(1, 1)),
        (
            {name: np.concatenate([values, values]) for name, values in two.items()},
            {name: np.concatenate([same[name], wrong[name]]) for name in same},
            floats(1, 0),
        ),
    ]


def test_figures_of_heads() -> None:
    from tasks.fit.config import LossOptions
    from tasks.fit.head_losses import where_known
    from tasks.fit.head_quality import quality_of_heads
    from tasks.fit.losses import build_loss

    losses = {head.output: where_known(head.kind, build_loss(head.kind, LossOptions())) for head in HEADS}

    figures = quality_of_heads(HEADS, losses)(head_batches())

    assert figures["accuracy"] == pytest.approx(1 / 2)  # of two rows with a truth
    assert figures["micro_f1"] == pytest.approx(2 * 2 / (3 + 3))
    assert figures["macro_f1"] == pytest.approx((2 / 3 + 2 / 3) / 2)
    assert figures["rmse"] == pytest.approx(math.sqrt(0.5 * 1**2))  # one row off by half a deviation of 2
    assert figures["r2"] == pytest.approx(1 - 1 / 2)
    assert figures["span_f1"] == pytest.approx(2 * 1 / (2 + 3))  # true: to, ?; told: to, to, to
    assert figures["o3_loss"] == pytest.approx(0.25 / 3)
    assert figures["o1_loss"] == pytest.approx((math.log(1 + math.exp(-1)) + math.log(1 + math.e)) / 3)
    assert {name for name in figures if name.endswith("_loss")} == {f"{head.output}_loss" for head in HEADS}


def test_a_head_without_any_truth_has_no_figure_but_no_error_either() -> None:
    from tasks.fit.head_quality import number_figures, quality_of_heads

    head = HEADS[2]
    batch = ({"o3": floats(1.0)}, {"o3": floats(float("nan"))}, floats(1))

    figures = quality_of_heads([head], {"o3": lambda *_: 0.0})([batch])

    assert math.isnan(figures["rmse"]) and figures["o3_loss"] == 0
    assert set(number_figures(floats(1, 2), floats(2, 2))) == {"rmse", "mae"}  # no variance to explain
