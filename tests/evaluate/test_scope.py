from __future__ import annotations

import numpy as np
import pytest

from infra.errors import DataError
from tasks.evaluate.intervals.config import IntervalOptions
from tasks.evaluate.scope import scope, scope_intervals
from tests.evaluate.answers import classes

PROBABILITIES = [[0.9, 0.1], [0.6, 0.4], [0.45, 0.55], [0.52, 0.48], [0.8, 0.2]]
TRUTH = ["a", "a", "b", "oos", "oos"]


def values(probabilities: object, truth: list[str], labels: list[str], threshold: float) -> dict[str, float]:
    found = scope(classes(probabilities, truth, labels).answers, "oos", threshold)
    return {name: each.value for name, each in scope_intervals(found, IntervalOptions(resamples=100)).items()}


def test_a_threshold_tells_where_the_model_has_no_such_class() -> None:
    found = values(PROBABILITIES, TRUTH, ["a", "b"], 0.58)
    # Below 0.58: the third row, which is within, and the fourth, which is not.
    assert found["out_of_scope_recall"] == 1 / 2
    assert found["in_scope_accuracy"] == pytest.approx(2 / 3)
    # Surest first: 0.9, 0.8 (out), 0.6, 0.55, 0.52 (out): 3 + 1 of 6 pairs are in order.
    assert found["out_of_scope_auc"] == pytest.approx((0 + 3 + 1) / 6)


def test_without_class_and_threshold_nothing_is_told() -> None:
    found = values(PROBABILITIES, TRUTH, ["a", "b"], 0.0)
    assert (found["out_of_scope_recall"], found["in_scope_accuracy"]) == (0.0, 1.0)


def test_the_class_tells_where_the_model_has_it() -> None:
    probabilities = [[0.7, 0.2, 0.1], [0.3, 0.3, 0.4], [0.2, 0.6, 0.2], [0.4, 0.1, 0.5], [0.6, 0.1, 0.3]]
    found = values(probabilities, TRUTH, ["a", "b", "oos"], 0.0)
    assert found["out_of_scope_recall"] == 1 / 2
    assert found["in_scope_accuracy"] == pytest.approx(2 / 3)
    assert found["out_of_scope_auc"] == pytest.approx((3 + 2) / 6)


@pytest.mark.parametrize("truth", [["a"] * 5, ["oos"] * 5])
def test_what_was_asked_for_must_be_there(truth: list[str]) -> None:
    with pytest.raises(DataError, match=r"evaluate.out_of_scope: found [05] of 5 test rows with the label 'oos'"):
        scope(classes(PROBABILITIES, truth, ["a", "b"]).answers, "oos", 0.5)


def test_strangeness_is_no_number_of_float32() -> None:
    found = scope(classes(PROBABILITIES, TRUTH, ["a", "b"]).answers, "oos", 0.5)
    assert found.strangeness == pytest.approx(1 - np.max(PROBABILITIES, axis=1), abs=1e-6)
