from __future__ import annotations

import time

import numpy as np
import pytest
from numpy.typing import NDArray

from tasks.evaluate.slices.attributes import NOWHERE, Attribute
from tasks.evaluate.slices.config import SliceOptions
from tasks.evaluate.slices.lattice import candidates, in_words, picked
from tasks.evaluate.slices.search import search

Values = NDArray[np.float64]


def attributes(random: np.random.Generator, rows: int, count: int = 6, parts: int = 4) -> list[Attribute]:
    return [
        Attribute(tuple(f"c{place} = {part}" for part in range(parts)), random.integers(0, parts, rows))
        for place in range(count)
    ]


def test_the_lattice_is_what_masks_pick() -> None:
    random = np.random.default_rng(0)
    ways = attributes(random, 300, count=3)
    ways[0].codes[:40] = NOWHERE
    merits = random.random(300)
    found = candidates(ways, merits, depth=2, minimum_rows=15)
    for place, condition in enumerate(found.conditions):
        mask = picked(ways, condition)
        assert found.sums.counts[place] == mask.sum() >= 15
        assert found.sums.totals[place] == pytest.approx(merits[mask].sum())
        assert found.sums.squares[place] == pytest.approx((merits[mask] ** 2).sum())
    pairs = [
        ((one, a), (other, b)) for one in range(3) for other in range(one + 1, 3) for a in range(4) for b in range(4)
    ]
    asked = [each for each in pairs if picked(ways, each).sum() >= 15]
    assert [each for each in found.conditions if len(each) == 2] == asked
    assert in_words(ways, asked[0]) == f"c0 = {asked[0][0][1]} and c1 = {asked[0][1][1]}"


def test_a_pair_that_is_nearly_one_of_its_halves_is_not_looked_at() -> None:
    codes = np.array([0] * 50 + [1] * 50)
    twice = [Attribute(("a", "b"), codes), Attribute(("c", "d"), codes)]
    assert all(len(condition) == 1 for condition in candidates(twice, np.ones(100), 2, 10).conditions)


@pytest.mark.parametrize("rows", [700, 4000], ids=["on the same rows", "on other rows"])
def test_a_planted_slice_is_found(rows: int) -> None:
    random = np.random.default_rng(1)
    ways = attributes(random, rows)
    bad = (ways[1].codes == 2) & (ways[4].codes == 0)
    merits = (random.random(rows) < np.where(bad, 0.35, 0.9)).astype(np.float64)
    found = search(ways, merits, True, SliceOptions(minimum_rows=20 if rows > 1000 else 36), 0.95)
    assert found.is_halved == (rows == 4000)
    assert found.slices[0].name == "c1 = 2 and c4 = 0"
    worst = found.slices[0]
    assert worst.metric.low is not None and worst.metric.high is not None
    assert worst.metric.low < 0.35 < worst.metric.high < worst.rest
    assert worst.p_value is not None and worst.p_value < 0.01
    assert worst.rows == bad.sum() if rows == 700 else worst.rows < bad.sum()
    assert search(ways, merits, True, SliceOptions(minimum_rows=20 if rows > 1000 else 36), 0.95) == found


@pytest.mark.parametrize(("rows", "minimum_rows"), [(500, 30), (1000, 25)], ids=["on the same rows", "on other rows"])
@pytest.mark.parametrize("kind", ["shares", "errors"])
def test_where_nothing_is_planted_hardly_anything_is_found(rows: int, minimum_rows: int, kind: str) -> None:
    """Where no slice is worse, every finding is false, so the rate bounds how often there is one."""
    options = SliceOptions(minimum_rows=minimum_rows, minimum_effect=0, false_discovery_rate=0.1)
    random = np.random.default_rng(2)
    trials, findings, looked_at = 80, 0, 0
    for _ in range(trials):
        ways = attributes(random, rows, count=4, parts=3)
        merits = (random.random(rows) < 0.85).astype(float) if kind == "shares" else -(random.normal(0, 1, rows) ** 2)
        found = search(ways, merits, kind == "shares", options, 0.95)
        findings += bool(found.slices)
        looked_at += found.looked_at
    assert looked_at > 12 * trials
    assert findings / trials <= 0.1 + 2 * np.sqrt(0.1 * 0.9 / trials)


def test_slices_within_one_another_are_told_once() -> None:
    random = np.random.default_rng(4)
    ways = attributes(random, 3000, count=4)
    bad = ways[0].codes == 1
    merits = (random.random(3000) < np.where(bad, 0.4, 0.9)).astype(np.float64)
    found = search(ways, merits, True, SliceOptions(minimum_rows=20, minimum_effect=0.5), 0.95)
    assert "c0 = 1" in [each.name for each in found.slices]


def test_no_attributes_and_few_rows_give_nothing() -> None:
    assert search([], np.ones(100), True, SliceOptions(), 0.95).slices == ()
    assert search([], np.ones(5000), True, SliceOptions(), 0.95).slices == ()
    one = [Attribute(("a", "b"), np.array([0, 1]))]
    assert search(one, np.array([0.0, 1.0]), True, SliceOptions(), 0.95).looked_at == 0


def test_pairs_of_many_columns_are_searched_in_seconds() -> None:
    random = np.random.default_rng(5)
    ways = attributes(random, 16_000, count=13, parts=8)
    started = time.process_time()
    found = search(ways, (random.random(16_000) < 0.87).astype(np.float64), True, SliceOptions(), 0.95)
    assert found.looked_at > 4000
    assert time.process_time() - started < 3
