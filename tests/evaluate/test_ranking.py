"""Ranks of the items that users took, by hand."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from tasks.evaluate.ranking import ranking_metrics, user_ranks
from tasks.features.interactions import fit_interactions

TRAIN = pa.table({"user": ["u", "u", "v"], "item": ["a", "b", "c"]})


def alphabet(arrays: dict[str, Any]) -> Any:
    """Scores 3, 2, 1 for a, b, c, whoever the user is."""
    return 4.0 - arrays["item"].astype(np.float32)


def ranks(test: dict[str, list[str]], score: Any = alphabet) -> list[list[float]]:
    found = user_ranks(score, fit_interactions(TRAIN), TRAIN, pa.table(test))
    return [own.tolist() for own in found]


def test_train_items_are_left_out() -> None:
    assert ranks({"user": ["u", "v", "v"], "item": ["c", "b", "a"]}) == [[1], [1, 2]]


def test_an_unknown_user_is_ranked_over_all_items_and_an_unknown_item_is_never_found() -> None:
    test = {"user": ["w", "w", "w", "u"], "item": ["c", "new", "newer", "new"]}

    assert ranks(test) == [[3, math.inf, math.inf], [math.inf]]


def test_an_item_that_is_taken_again_counts_once_and_is_to_be_found() -> None:
    assert ranks({"user": ["u", "u"], "item": ["b", "b"]}) == [[1]]


def test_equal_scores_are_no_merit() -> None:
    assert ranks({"user": ["w"], "item": ["a"]}, lambda arrays: np.zeros(len(arrays["item"]))) == [[3]]


def test_metrics() -> None:
    figures = ranking_metrics([np.array([1.0, 3.0]), np.array([11.0]), np.array([2.0, math.inf])])

    first = (1 + 1 / 2) / (1 + 1 / math.log2(3))
    third = (1 / math.log2(3)) / (1 + 1 / math.log2(3))
    assert figures["ndcg_at_10"] == pytest.approx((first + 0 + third) / 3)
    assert figures["map_at_10"] == pytest.approx(((1 + 2 / 3) / 2 + 0 + (1 / 2) / 2) / 3)
    assert figures["hit_rate_at_10"] == pytest.approx(2 / 3)
    assert figures["mrr"] == pytest.approx((1 + 1 / 11 + 1 / 2) / 3)
    assert figures["users"] == 3


def test_a_user_with_more_than_ten_items_can_reach_1() -> None:
    figures = ranking_metrics([np.arange(1.0, 16.0)])
    assert [figures["ndcg_at_10"], figures["map_at_10"]] == pytest.approx([1.0, 1.0])
