"""The benchmark of private steps: what it trains, and that all whom it compares compute the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from flows.bench import dp_speed
from flows.bench.dp_peers import REGISTRY, Take, makers
from flows.bench.dp_subjects import Subject, images, table


def few(subject: Subject) -> Subject:
    """Its first rows alone."""
    return Subject(subject.name, subject.build, subject.some(slice(2048)), subject.targets[:2048])


@pytest.mark.parametrize(("made", "size"), [(table, 22_254), (images, 26_010)])
def test_a_subject_has_the_same_weights_each_time(made: Callable[[], Subject], size: int) -> None:
    subject = made()
    one, other = (subject.build().trained.trainable_variables for _ in range(2))

    assert sum(int(np.prod(weight.shape)) for weight in one) == size
    for weight, again in zip(one, other, strict=True):
        np.testing.assert_array_equal(weight, again)
    assert len(np.unique(subject.targets)) > 1


def test_a_plain_and_a_private_step_move_their_own_weights() -> None:
    subject = few(table())

    assert np.isfinite(dp_speed.plain_step(subject)().loss)
    outcome = dp_speed.private_step(subject)()
    assert 0 < outcome.rows < 2 * dp_speed.BATCH and outcome.unclear == 0


@pytest.mark.slow
def test_a_peer_that_clips_otherwise_is_told() -> None:
    subject, make = few(table()), makers()[REGISTRY]

    def other(one: Subject, is_bare: bool) -> tuple[Any, Take]:
        weights, take = make(one, is_bare)
        return weights, lambda inputs, targets: take(inputs, 1 - targets)

    assert dp_speed.is_like(subject, make)
    assert not dp_speed.is_like(subject, other)


@pytest.mark.slow
@pytest.mark.parametrize("made", [table, images])
def test_all_rows_are_measured_and_all_compute_the_same(made: Callable[[], Subject]) -> None:
    rows = dp_speed.compare(few(made()), repeats=1)

    assert [row.peer for row in rows] == ["plain step", *makers()]
    assert all(row.same_output for row in rows)
    assert all(row.ratio < 1 for row in rows[1:]), "a step is faster than that of each peer"
