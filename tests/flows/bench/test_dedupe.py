"""The benchmark's own sums: documents with known families, and what counts as found."""

from __future__ import annotations

import pytest

from flows.bench.dedupe import make_documents, recall, run


def test_documents_repeat_and_only_families_are_alike() -> None:
    documents = make_documents(300)
    assert documents == make_documents(300)
    assert documents != make_documents(300, seed=1)
    near = documents.near(0.8)
    sets = [
        {tuple(run) for run in zip(*(text.split()[at:] for at in range(3)), strict=False)} for text in documents.texts
    ]
    every = {
        (one, other)
        for other, mine in enumerate(sets)
        for one, theirs in enumerate(sets[:other])
        if len(mine & theirs) / len(mine | theirs) >= 0.8
    }
    assert near == every
    assert len(near) > 20


def test_recall_counts_pairs_in_one_cluster() -> None:
    near = {(1, 2), (1, 3), (2, 3), (7, 8)}
    assert recall(near, [(2, 1), (3, 1)]) == pytest.approx(3 / 4)
    assert recall(near, [(2, 1), (3, 1), (7, 8)]) == 1
    assert recall(near, []) == 0


@pytest.mark.slow
def test_every_peer_is_measured_and_ours_finds_what_is_there() -> None:
    rows = run(rows=400, repeats=2)
    assert [row.peer for row in rows] == ["datasketch, bulk", "datasketch, update by update", "rensa"]
    assert all(row.same_output and row.low <= row.ratio <= row.high for row in rows)
    assert all("the peer's 0.9" in row.case or "the peer's 1.0" in row.case for row in rows)
