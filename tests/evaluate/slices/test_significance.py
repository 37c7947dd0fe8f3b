from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from tasks.evaluate.slices.significance import (
    adjusted,
    coverage,
    effects,
    gap_bounds,
    joined,
    p_values,
    total,
)

RANDOM = np.random.default_rng(3)


@pytest.mark.parametrize(("right", "rows", "other_right", "other_rows"), [(3, 10, 38, 40), (0, 5, 5, 5), (9, 9, 1, 60)])
def test_shares_by_fishers_exact_test(right: int, rows: int, other_right: int, other_rows: int) -> None:
    own = total(np.array([1.0] * right + [0.0] * (rows - right)))
    rest = total(np.array([1.0] * other_right + [0.0] * (other_rows - other_right)))
    table = [[right, rows - right], [other_right, other_rows - other_right]]
    assert p_values(own, rest, of_shares=True) == pytest.approx(stats.fisher_exact(table, "less").pvalue)


def test_other_merits_by_welchs_test() -> None:
    one, other = RANDOM.normal(0, 1, 12), RANDOM.normal(1, 3, 30)
    found = p_values(total(one), total(other), of_shares=False)
    assert found == pytest.approx(stats.ttest_ind(one, other, equal_var=False, alternative="less").pvalue)


def test_rows_without_a_spread_prove_nothing() -> None:
    assert p_values(total(np.full(60, 0.5)), total(np.full(60, 0.7)), of_shares=False).tolist() == [1.0]


def test_the_rest_is_what_a_slice_leaves() -> None:
    merits = np.array([1.0, 2.0, 4.0, 8.0])
    rest = total(merits[:1]).rest(total(merits))
    assert (rest.counts[0], rest.totals[0], rest.squares[0]) == (3, 14, 84)
    assert rest.variances[0] == pytest.approx(np.var(merits[1:], ddof=1))


def test_the_effect_is_in_standard_deviations() -> None:
    one, other = np.array([0.0, 2.0]), np.array([3.0, 5.0])  # both of variance 2
    assert effects(total(one), total(other)) == pytest.approx([3 / np.sqrt(2)])
    assert effects(total(np.zeros(2)), total(np.ones(2))).tolist() == [np.inf]
    assert gap_bounds(total(one), total(other), z=2) == pytest.approx([3 - 2 * np.sqrt(2)])


def test_false_discovery_rates_by_hand() -> None:
    # sorted 0.01, 0.02, 0.5: times 4 / 1, 4 / 2, 4 / 3; the last slice of four is not given
    assert adjusted(np.array([0.5, 0.01, 0.02]), 4) == pytest.approx([2 / 3, 0.04, 0.04])
    p = RANDOM.random(50)
    assert adjusted(p, 50) == pytest.approx(stats.false_discovery_control(p))


def test_intervals_of_few_that_were_picked_from_many_are_wider() -> None:
    assert coverage(2, 20, 0.95) == pytest.approx(0.995)
    assert coverage(5, 5, 0.95) == pytest.approx(0.95)


def test_sums_side_by_side() -> None:
    assert joined([total(np.ones(2)), total(np.ones(3))]).counts.tolist() == [2, 3]
    assert len(joined([]).counts) == 0
