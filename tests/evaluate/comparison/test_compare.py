"""A candidate beside a champion, on the same rows."""

from __future__ import annotations

import numpy as np
import pytest

from tasks.evaluate.comparison.compare import BOOTSTRAP, DELONG, MCNEMAR, differences, unknown_labels
from tasks.evaluate.intervals.config import IntervalOptions
from tests.evaluate.answers import binary, classes, every_kind, random_classes

OPTIONS = IntervalOptions(resamples=200)


def test_accuracy_and_area_by_hand() -> None:
    truth = [True, False] * 10
    good = binary([0.9 if each else 0.1 for each in truth], truth)
    worse = binary([0.4, 0.4, 0.3, 0.1] + [0.9 if each else 0.1 for each in truth[4:]], truth)
    found = {each.metric: each for each in differences(good, worse, OPTIONS)}
    accuracy = found["accuracy"]
    assert [accuracy.candidate, accuracy.champion] == pytest.approx([1.0, 0.9])
    assert accuracy.difference.value == pytest.approx(0.1)
    assert accuracy.difference.low is not None and accuracy.difference.low < 0 < 0.1  # two rows are no proof
    assert accuracy.p_value == pytest.approx(0.5)
    assert accuracy.test == MCNEMAR
    assert found["auc"].test == DELONG
    assert found["log_loss"].test == BOOTSTRAP
    assert found["log_loss"].difference.value < 0


@pytest.mark.parametrize("kind", every_kind())
def test_a_model_beside_itself(kind: str) -> None:
    scored = every_kind()[kind]
    for each in differences(scored, scored, OPTIONS):
        assert (each.difference.value, each.p_value) == (0.0, 1.0)
        assert each.difference.low is not None and each.difference.low <= 0 <= (each.difference.high or 0)


@pytest.mark.parametrize("kind", every_kind())
def test_every_metric_with_an_interval_is_compared_and_turns_its_sign(kind: str) -> None:
    one, other = every_kind()[kind], every_kind(model=1)[kind]
    there, back = differences(one, other, OPTIONS), differences(other, one, OPTIONS)
    assert [each.metric for each in there] == [each.metric for each in back]
    for first, second in zip(there, back, strict=True):
        assert first.difference.value == pytest.approx(-second.difference.value)
        assert first.p_value == pytest.approx(second.p_value)


def test_a_label_that_only_the_candidate_knows() -> None:
    truth = ["a", "b", "new"] * 10
    champion = classes(np.tile([[0.8, 0.2], [0.2, 0.8], [0.6, 0.4]], (10, 1)), truth, ["a", "b"])
    candidate = classes(np.tile(np.eye(3) * 0.7 + 0.1, (10, 1)), truth, ["a", "b", "new"])
    assert unknown_labels(champion) == ("new",)
    found = {each.metric: each for each in differences(candidate, champion, OPTIONS)}
    assert found["accuracy"].champion == pytest.approx(2 / 3)
    assert "auc" not in found  # of other rows


def test_two_perfect_models_that_are_not_alike_are_not_surely_equal() -> None:
    truth = ["a", "b"] * 10
    sure, less = (classes(np.tile(np.eye(2) * (2 * p - 1) + (1 - p), (10, 1)), truth, "ab") for p in (0.9, 0.8))
    found = {each.metric: each for each in differences(sure, less, OPTIONS)}
    assert (found["macro_f1"].difference.low, found["macro_f1"].p_value) == (None, None)
    assert str(found["accuracy"].difference) == "0 (-0.08909 to 0.08909)"


def test_a_difference_that_is_there_is_found() -> None:
    good, worse = random_classes(400, 4, 1), random_classes(400, 4, 1, model=1, skill=0.1)
    found = {each.metric: each for each in differences(good, worse, OPTIONS)}
    assert found["macro_f1"].difference.low is not None and found["macro_f1"].difference.low > 0
    assert found["macro_f1"].p_value is not None and found["macro_f1"].p_value < 0.05
