"""Metrics of weighted samples are those of the rows that were drawn, by the general path and by scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as sklearn_metrics

from tasks.evaluate.intervals.areas import area_of
from tasks.evaluate.intervals.draws import draws
from tasks.evaluate.intervals.weighing import weigher
from tests.evaluate.answers import classes, every_kind, random_classes

COUNTS = ("unknown_labels", "users", "unknown_tags", "label_unknown_labels", "topics_unknown_labels")


@pytest.mark.parametrize("kind", every_kind())
@pytest.mark.parametrize("seed", [3, 4])
def test_weighing_equals_the_metrics_of_the_rows_drawn(kind: str, seed: int) -> None:
    scored = every_kind(seed)[kind]
    rows = len(scored.merits)
    (weights,) = draws(rows, 8, seed)
    weighed = weigher(scored)(weights)
    for sample, counts in enumerate(weights.T.astype(int)):
        figures = scored.figures(np.repeat(np.arange(rows), counts))
        expected = {name: value for name, value in figures.items() if name not in COUNTS}
        found = {name: values[sample] for name, values in weighed.items() if np.isfinite(values[sample])}
        assert found == pytest.approx(expected, rel=1e-5, abs=1e-6)


def test_every_metric_but_counts_has_weights() -> None:
    for scored in every_kind().values():
        named = set(scored.figures(np.arange(len(scored.merits)))) - set(COUNTS)
        assert set(weigher(scored)(np.ones((len(scored.merits), 1), np.float32))) == named


def test_a_sample_by_hand() -> None:
    # Told a, b, b, a; drawn: the first row twice, the third once, the last once.
    scored = classes([[0.9, 0.1], [0.2, 0.8], [0.4, 0.6], [0.6, 0.4]], ["a", "b", "a", "b"], ["a", "b"])
    found = weigher(scored)(np.array([[2], [0], [1], [1]], np.float32))
    assert found["accuracy"] == pytest.approx(2 / 4)
    # a: 3 rows, 3 told, 2 right; b: 1 row, 1 told, 0 right.
    assert found["macro_f1"] == pytest.approx((2 * 2 / 6 + 0) / 2)
    # b at 0.4 is above a at 0.1, which comes twice, and below a at 0.6.
    assert found["auc"] == pytest.approx(2 / 3)


@given(st.integers(0, 10_000), st.integers(2, 4))
@settings(max_examples=30)
def test_weighed_metrics_equal_sklearns(seed: int, count: int) -> None:
    scored = random_classes(30, count, seed)
    answers, weights = scored.answers, np.random.default_rng(seed).integers(0, 3, (30, 1)).astype(np.float32)
    weights[[answers.truth.index(name) for name in set(answers.truth)]] += 1  # no class is without weight
    if len(set(answers.truth)) < count:
        return
    weigh, own = weigher(scored)(weights), weights[:, 0]
    told = [answers.labels[place] for place in answers.told]
    with_weights = {"sample_weight": own}
    assert weigh["accuracy"][0] == pytest.approx(sklearn_metrics.accuracy_score(answers.truth, told, **with_weights))
    f1 = sklearn_metrics.f1_score(answers.truth, told, average="macro", zero_division=0, **with_weights)
    assert weigh["macro_f1"][0] == pytest.approx(f1, abs=1e-5)
    probabilities = answers.probabilities.astype(np.float64)
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    loss = sklearn_metrics.log_loss(answers.truth, probabilities, labels=answers.labels, **with_weights)
    assert weigh["log_loss"][0] == pytest.approx(loss, rel=1e-4)
    areas = [
        sklearn_metrics.roc_auc_score(
            [name == label for name in answers.truth], answers.probabilities[:, place], **with_weights
        )
        for place, label in enumerate(answers.labels)
    ]
    assert weigh["auc"][0] == pytest.approx(areas[1] if count == 2 else np.mean(areas), abs=1e-5)


def test_an_area_without_one_of_the_sides_is_not_told() -> None:
    area = area_of(np.array([0.1, 0.2]), np.array([False, True]), np.ones(2, np.bool_))
    assert np.isnan(area.of(np.array([[2, 0], [0, 2]], np.float32))).all()


def test_samples_are_as_large_as_the_rows_and_come_again() -> None:
    first, second = (np.concatenate(list(draws(50_000, 90)), axis=1) for _ in range(2))
    assert first.shape == (50_000, 90)
    assert (first.sum(axis=0) == 50_000).all()
    assert (first == second).all()
    assert first.var() == pytest.approx(1, abs=0.01)  # of a Poisson(1), nearly
