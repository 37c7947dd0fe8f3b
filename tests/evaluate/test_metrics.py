from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as sklearn_metrics

from infra.errors import DataError, TrainingError
from tasks.evaluate.metrics import (
    check_outputs,
    check_truth,
    classification_metrics,
    confusion,
    log_loss,
    mean_roc_area,
    ranks,
    rating_metrics,
    retrieval_metrics,
    roc_area,
)

LABELS = ("a", "b", "c")
# Predicted: a, a, b, c. The last row's label is one that the model does not know.
PROBABILITIES = np.array([[0.8, 0.1, 0.1], [0.5, 0.25, 0.25], [0.1, 0.8, 0.1], [0.2, 0.2, 0.6]])
TRUTH = ["a", "b", "b", "z"]


def test_classification_by_hand() -> None:
    metrics = classification_metrics(PROBABILITIES, TRUTH, LABELS)
    assert metrics["accuracy"] == 0.5
    # a: precision 1/2, recall 1, F1 2/3; b: precision 1, recall 1/2, F1 2/3; z: 0; c has no test row.
    assert metrics["macro_f1"] == pytest.approx((2 / 3 + 2 / 3 + 0) / 3)
    assert metrics["unknown_labels"] == 1
    loss = -(math.log(0.8) + math.log(0.25) + math.log(0.8) + math.log(np.finfo(np.float32).eps)) / 4
    assert metrics["log_loss"] == pytest.approx(loss)
    assert metrics["auc"] == 1.0  # of the rows of a and b: a's probability is highest where it is true, and so is b's


def test_the_table_by_class_by_hand() -> None:
    matrix = confusion(TRUTH, ["a", "a", "b", "c"], LABELS)
    assert matrix.names == ("a", "b", "c", "z")
    assert matrix.counts.tolist() == [[1, 0, 0, 0], [1, 1, 0, 0], [0, 0, 0, 0], [0, 0, 1, 0]]
    table = {quality.label: quality for quality in matrix.per_class()}
    assert (table["a"].precision, table["a"].recall, table["a"].support) == (0.5, 1.0, 1)
    assert (table["b"].precision, table["b"].recall, table["b"].support) == (1.0, 0.5, 2)
    assert (table["c"].precision, table["c"].recall, table["c"].f1, table["c"].support) == (0, 0, 0, 0)
    assert (table["z"].precision, table["z"].recall, table["z"].f1, table["z"].support) == (0, 0, 0, 1)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 1000)), min_size=4, max_size=60))
def test_classification_equals_sklearn(drawn: list[tuple[int, int]]) -> None:
    labels = ["p", "q", "r", "s"]
    random = np.random.default_rng(drawn[0][1])
    probabilities = random.dirichlet(np.ones(4), len(drawn))
    truth = [labels[label] for label, _ in drawn]
    predicted = [labels[place] for place in probabilities.argmax(axis=1)]
    metrics = classification_metrics(probabilities, truth, labels)
    assert metrics["accuracy"] == pytest.approx(sklearn_metrics.accuracy_score(truth, predicted))
    f1 = sklearn_metrics.f1_score(truth, predicted, labels=sorted(set(truth)), average="macro", zero_division=0)
    assert metrics["macro_f1"] == pytest.approx(f1)
    clipped = np.clip(probabilities, np.finfo(np.float32).eps, 1)
    loss = -np.log(clipped[np.arange(len(truth)), [labels.index(label) for label in truth]]).mean()
    assert metrics["log_loss"] == pytest.approx(loss)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 6)), min_size=2, max_size=60))
def test_the_roc_area_equals_sklearns_with_ties(drawn: list[tuple[bool, int]]) -> None:
    codes, scores = np.array([int(one) for one, _ in drawn]), np.array([score / 6 for _, score in drawn])
    area = roc_area(scores, codes)
    if len(set(codes.tolist())) < 2:
        assert area is None
    else:
        assert area == pytest.approx(sklearn_metrics.roc_auc_score(codes, scores))


def test_two_classes_have_an_area_and_unknown_labels_no_part_in_it() -> None:
    probabilities = np.array([[0.9, 0.1], [0.6, 0.4], [0.65, 0.35], [0.2, 0.8], [0.0, 1.0]])
    metrics = classification_metrics(probabilities, ["no", "no", "yes", "yes", "perhaps"], ["no", "yes"])
    assert metrics["auc"] == 0.75  # of four pairs, only 0.35 against 0.4 is the wrong way round
    assert metrics["accuracy"] == pytest.approx(3 / 5)
    assert metrics["unknown_labels"] == 1


def test_the_log_loss_of_a_certain_error_is_finite() -> None:
    assert log_loss(np.array([[1.0, 0.0]]), np.array([1])) == pytest.approx(15.94, abs=0.01)


def test_ratings_by_hand_and_by_sklearn() -> None:
    predicted, truth = np.array([3.0, 4.0, 1.0], np.float32), np.array([3.0, 2.0, 2.0])
    metrics = rating_metrics(predicted, truth)
    assert metrics == pytest.approx({"mse": 5 / 3, "rmse": math.sqrt(5 / 3), "mae": 1.0})
    assert metrics["rmse"] == pytest.approx(sklearn_metrics.mean_squared_error(truth, predicted) ** 0.5)


def test_ranks_by_hand() -> None:
    similarities = np.array([[0.9, 0.1, 0.5], [0.9, 0.1, 0.5], [0.5, 0.5, 0.5], [0.9, 0.1, 0.5]])
    found = ranks(similarities, np.array([0, 1, 2, -1]))
    assert found.tolist() == [1, 3, 3, math.inf]  # among equals the last
    metrics = retrieval_metrics(found)
    assert metrics == pytest.approx(
        {
            "mrr": (1 + 1 / 3 + 1 / 3 + 0) / 4,
            "ndcg_at_10": (1 + 1 / 2 + 1 / 2 + 0) / 4,
            "recall_at_1": 0.25,
            "recall_at_10": 0.75,
            "unknown_labels": 1,
        }
    )


def test_a_model_that_gives_no_numbers_is_not_measured() -> None:
    outputs = np.array([[0.5, 0.5], [np.nan, np.nan], [np.inf, 0]])
    with pytest.raises(TrainingError, match=r"model output: found NaN or infinity for 2 of 3 test rows; allowed"):
        check_outputs(outputs)
    with pytest.raises(TrainingError, match="for 1 of 2 test rows"):
        check_outputs(np.array([1.0, np.nan]))
    check_outputs(np.array([1.0, 2.0]))


def test_missing_ratings_are_not_measured() -> None:
    with pytest.raises(DataError, match=r"column rating of the test split: found 1 missing values"):
        check_truth(np.array([1.0, np.nan]))


@given(st.integers(0, 10_000))
def test_the_mean_area_of_several_classes_equals_sklearns(seed: int) -> None:
    random = np.random.default_rng(seed)
    codes = np.append(np.arange(4), random.integers(0, 4, 20))
    probabilities = random.dirichlet(np.ones(4), 24)
    expected = sklearn_metrics.roc_auc_score(codes, probabilities, multi_class="ovr")
    assert mean_roc_area(probabilities, codes) == pytest.approx(expected)


def test_there_is_no_mean_area_of_one_class() -> None:
    assert mean_roc_area(PROBABILITIES, np.array([0, 0, -1, 0])) is None
