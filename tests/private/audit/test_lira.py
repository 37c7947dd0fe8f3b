from __future__ import annotations

import numpy as np
import pytest

from tasks.private.audit.lira import halves, likelihood_ratios, logit_confidence
from tasks.private.audit.roc import area_under


def test_every_row_is_in_half_of_the_models() -> None:
    chosen = halves(8, 100, np.random.default_rng(0))

    assert (chosen.sum(axis=0) == 4).all()
    assert 30 < chosen[0].sum() < 70


@pytest.mark.parametrize("models", [2, 5])
def test_too_few_models_or_an_odd_number_are_refused(models: int) -> None:
    with pytest.raises(ValueError, match=f"{models} shadow models"):
        halves(models, 10, np.random.default_rng(0))


def test_confidence_is_the_logit_of_the_true_class() -> None:
    probabilities = np.array([[0.7, 0.2, 0.1], [0.25, 0.25, 0.5]])

    told = logit_confidence(np.log(probabilities), np.array([0, 1]))

    assert told == pytest.approx([np.log(0.7 / 0.3), np.log(0.25 / 0.75)])


def test_confidence_near_certainty_is_not_lost_to_rounding() -> None:
    assert logit_confidence(np.array([[200.0, 0.0]]), np.array([0])) == pytest.approx([200.0])


def test_the_ratio_is_that_of_two_normal_distributions() -> None:
    shadows = np.array([[2.0], [4.0], [-1.0], [1.0]])
    chosen = np.array([[True], [True], [False], [False]])

    told = likelihood_ratios(np.array([3.0]), shadows, chosen)

    # means 3 and 0, both with a variance of (1 + 1) / (2 - 1) = 2
    assert told == pytest.approx([9 / 4])


def test_it_finds_members_where_rows_differ_more_than_membership_does() -> None:
    """A threshold on the confidence fails, since some rows are easy whether learned from or not."""
    random = np.random.default_rng(6)
    ease, gain = random.normal(0, 5, 500), 1.5
    chosen = halves(8, 500, random)
    shadows = ease + gain * chosen + random.normal(0, 0.7, chosen.shape)
    members = random.random(500) < 0.5
    target = ease + gain * members + random.normal(0, 0.7, 500)

    plain, _ = area_under(target[members], target[~members])
    ratios = likelihood_ratios(target, shadows, chosen)
    shadowed, _ = area_under(ratios[members], ratios[~members])

    assert plain < 0.65
    assert shadowed > 0.9
