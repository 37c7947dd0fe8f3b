from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import brier_score_loss

from tasks.evaluate.calibration import brier, reliability
from tasks.evaluate.intervals.config import IntervalOptions
from tasks.evaluate.pictures import draw_reliability
from tests.evaluate.answers import binary, classes, random_classes

OPTIONS = IntervalOptions(resamples=100)


def test_bins_by_hand() -> None:
    # Sure 0.9, 0.9, 0.7, 0.6 of yes; right, wrong, right, right. Five bins of width 0.2.
    found = reliability(binary([0.9, 0.9, 0.7, 0.6], [True, False, True, True]).answers, 5, OPTIONS)
    assert [(each.low, each.high, each.rows) for each in found.bins] == [(0.6, 0.8, 2), (0.8, 1.0, 2)]
    assert [each.confidence for each in found.bins] == pytest.approx([0.65, 0.9])
    assert [each.accuracy.value for each in found.bins] == [1.0, 0.5]
    assert found.expected_error.value == pytest.approx((0.35 + 0.4) / 2)
    assert found.largest_error == pytest.approx(0.4)
    assert found.expected_error.low is None  # four rows
    assert found.brier == pytest.approx((0.01 + 0.81 + 0.09 + 0.16) / 4)


def test_a_label_that_is_not_known_counts_as_wrong() -> None:
    answers = classes([[0.5, 0.3, 0.2]], ["never seen"], "abc").answers
    assert brier(answers) == pytest.approx(0.25 + 0.09 + 0.04 + 1)
    assert reliability(answers, 10, OPTIONS).expected_error.value == pytest.approx(0.5)


@given(st.integers(0, 10_000), st.integers(2, 5))
@settings(max_examples=20)
def test_the_brier_score_equals_sklearns(seed: int, count: int) -> None:
    answers = random_classes(30, count, seed).answers
    probabilities = answers.probabilities.astype(np.float64)
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    expected = (
        brier_score_loss([name == "c1" for name in answers.truth], probabilities[:, 1])
        if count == 2
        else brier_score_loss(answers.truth, probabilities, labels=answers.labels)
    )
    assert brier(answers) == pytest.approx(expected, rel=1e-5)


def test_certain_and_right_is_calibrated_without_bounds() -> None:
    found = reliability(classes(np.eye(2)[[0, 1] * 10], ["a", "b"] * 10, "ab").answers, 15, OPTIONS)
    assert (found.expected_error.value, found.expected_error.low, found.brier) == (0, None, 0)


def test_the_picture_shows_bins(tmp_path: Path) -> None:
    draw_reliability(reliability(random_classes(200, 3, 1).answers, 15, OPTIONS), tmp_path / "calibration.png")
    assert (tmp_path / "calibration.png").read_bytes().startswith(b"\x89PNG")
