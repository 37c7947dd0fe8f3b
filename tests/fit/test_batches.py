"""Which rows a step takes."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tasks.fit.batches import WINDOW_BATCHES, Batches, Examples


def examples(count: int, lengths: list[int] | None = None) -> Examples:
    """Rows whose input and target are their own number."""
    return Examples(
        targets=lambda rows: rows,
        inputs=lambda rows: {"x": rows},
        rows=count,
        lengths=None if lengths is None else np.array(lengths, np.int32),
    )


@given(
    count=st.integers(1, 100),
    batch_size=st.integers(1, 40),
    workers=st.integers(1, 4),
    seed=st.integers(0, 9),
    by_length=st.booleans(),
)
def test_every_row_counts_once_an_epoch_and_workers_have_equally_many(
    count: int, batch_size: int, workers: int, seed: int, by_length: bool
) -> None:
    lengths = [row % 7 for row in range(count)] if by_length else None
    team = [Batches(examples(count, lengths), batch_size, seed, worker, workers) for worker in range(workers)]
    steps = team[0].steps_per_epoch

    for epoch in range(2):
        seen: list[int] = []
        for step in range(epoch * steps, (epoch + 1) * steps):
            slices = [one.slice(step) for one in team]
            assert len({len(part.targets) for part in slices}) == 1
            assert sum(part.weights.sum() for part in slices) == slices[0].total
            for part in slices:
                assert (part.inputs["x"] == part.targets).all()
                seen += part.inputs["x"][part.weights > 0].tolist()
        assert sorted(seen) == list(range(count))


def test_a_step_is_the_same_whatever_was_asked_before() -> None:
    batches = Batches(examples(50), batch_size=8, seed=3)
    in_order = [batches.rows(step).tolist() for step in range(20)]

    assert [Batches(examples(50), 8, 3).rows(step).tolist() for step in (19, 0, 7)] == [in_order[s] for s in (19, 0, 7)]
    assert in_order[:7] != in_order[7:14]
    assert Batches(examples(50), 8, seed=4).rows(0).tolist() != in_order[0]


def test_texts_of_like_length_come_together() -> None:
    rows = 4 * WINDOW_BATCHES
    lengths = np.random.default_rng(0).permutation(rows)
    batches = Batches(examples(rows, lengths.tolist()), batch_size=4, seed=1)  # one window: sorted throughout

    spans = [np.ptp(lengths[batches.rows(step)]) for step in range(batches.steps_per_epoch)]
    starts = [lengths[batches.rows(step)].min() for step in range(batches.steps_per_epoch)]

    assert set(spans) == {3}
    assert starts != sorted(starts)  # but the batches themselves come in any order
