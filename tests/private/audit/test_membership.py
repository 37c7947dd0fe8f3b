from __future__ import annotations

import numpy as np

from tasks.private.audit.membership import regression_attack, threshold_attack


def test_rows_of_small_loss_are_told_as_members() -> None:
    told = threshold_attack(np.array([0.1, 0.2, 0.9]), np.array([0.5, 0.6]))

    assert told.auc == 4 / 6
    assert (told.members, told.others) == (3, 2)


def test_the_regression_finds_what_a_threshold_on_the_loss_does_not() -> None:
    """Members' outputs lie far from 0 or very near to it; their losses are those of the others."""
    random = np.random.default_rng(4)
    losses = random.random(400)
    spread = np.where(np.arange(400) < 200, 3.0, 1.0)
    outputs = spread[:, None] * random.choice([-1.0, 1.0], (400, 3))
    members, others = slice(0, 200), slice(200, None)

    assert threshold_attack(losses[members], losses[others]).auc_low < 0.55
    told = regression_attack((losses[members], outputs[members]), (losses[others], outputs[others]), seed=0)
    assert told.auc > 0.8


def test_without_a_difference_the_regression_is_no_better_than_chance() -> None:
    """Scores of rows that it was fitted on would be: there are as many columns as a few hundred rows can fit."""
    random = np.random.default_rng(9)
    losses, outputs = random.random(300), random.normal(size=(300, 10))

    told = regression_attack((losses[:150], outputs[:150]), (losses[150:], outputs[150:]), seed=0)

    assert told.auc_low < 0.5 < told.auc_high + 0.05
