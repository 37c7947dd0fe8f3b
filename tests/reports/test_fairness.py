from __future__ import annotations

import pytest

from tasks.reports.fairness import told
from tasks.reports.interval import Interval


@pytest.mark.parametrize(
    ("name", "bounds", "words"),
    [
        ("average_odds_difference", (0.2, 0.1, 0.3), "0.2 (0.1 to 0.3): groups are treated differently."),
        ("average_odds_difference", (0.2, 0.0, 0.4), "can't be told apart on these rows; it may be as high as 0.4."),
        ("demographic_parity_ratio", (0.6, 0.5, 0.9), "0.6 (0.5 to 0.9): groups are treated differently."),
        ("demographic_parity_ratio", (0.6, 0.2, 1.0), "can't be told apart on these rows; it may be as low as 0.2."),
        ("accuracy_standard_deviation", (0.1, None, None), "accuracy standard deviation 0.1: too few rows to tell."),
    ],
)
def test_a_sentence_claims_no_more_than_the_interval(
    name: str, bounds: tuple[float, float | None, float | None], words: str
) -> None:
    value, low, high = bounds
    assert words in told(name, Interval(value=value, low=low, high=high))
