from __future__ import annotations

import numpy as np
import pytest

from tasks.private.audit.one_run import Plan, audit
from tasks.private.audit.traces import traces


def test_what_all_canaries_of_a_class_have_in_common_is_taken_out() -> None:
    """One class became easier by 2, the other harder by 1; the first canary of each fell by 1 more."""
    targets = np.repeat([0, 1], 20)
    after = np.where(targets == 0, 1.0, 4.0)
    after[[0, 20]] -= 1.0

    told = traces(np.full(40, 3.0), after, targets)

    assert told[[0, 20]] == pytest.approx([0.95, 0.95])
    assert np.delete(told, [0, 20]) == pytest.approx(-0.05)


def test_classes_of_few_canaries_are_compared_with_all() -> None:
    told = traces(np.array([3.0, 3.0]), np.array([1.0, 2.0]), np.array([0, 1]))

    assert told.tolist() == [0.5, -0.5]


def test_without_it_canaries_of_the_easy_class_would_be_held_for_members() -> None:
    random = np.random.default_rng(8)
    targets, included = random.integers(0, 2, 1000), random.random(1000) < 0.5
    after = 1.0 * targets - 0.5 * included + random.normal(0, 0.1, 1000)
    before = np.full(1000, 0.7)

    all_guessed = (Plan(0.5, 0.5),)
    plain = audit(before - after, included, 1e-5, 0.95, all_guessed)
    told = audit(traces(before, after, targets), included, 1e-5, 0.95, all_guessed)

    assert plain.epsilon_lower < 0.2
    assert told.epsilon_lower > 3
