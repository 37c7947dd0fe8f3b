from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tasks.evaluate.fairness.counts import Counts, count
from tasks.evaluate.fairness.disparities import disparities
from tasks.evaluate.fairness.groups import Groups

BY_FAIRLEARN = [
    f"{name}_{kind}"
    for name in ("demographic_parity", "equal_opportunity", "equalized_odds")
    for kind in ("difference", "ratio")
]


def groups(codes: NDArray[Any]) -> Groups:
    return Groups(("group",), tuple(f"g{number}" for number in range(int(codes.max()) + 1)), codes.astype(np.int64))


def counted(*cells: tuple[int, int, int, int]) -> Counts:
    """Of each group: true positives, false positives, true negatives, false negatives."""
    return Counts(*(np.array(column, np.float64) for column in zip(*cells, strict=True)))


def test_counts_of_ten_rows() -> None:
    codes = np.array([0, 0, 0, 0, 0, 1, 1, 1, 1, 1])
    truth = np.array([1, 1, 0, 0, 0, 1, 0, 0, 0, 0], np.bool_)
    told = np.array([1, 0, 1, 0, 0, 1, 1, 1, 0, 0], np.bool_)
    counts = count(groups(codes), truth, told)
    assert counts.cells().tolist() == [[1, 1, 2, 1], [1, 2, 2, 0]]


def test_disparities_by_hand() -> None:
    # group 0: selected 50/100, true positives 40/50, false positives 10/50
    # group 1: selected 30/100, true positives 20/40, false positives 10/60
    found = disparities(counted((40, 10, 40, 10), (20, 10, 50, 20)), 0.95)
    values = {name: interval.value for name, interval in found.items()}
    assert values == pytest.approx(
        {
            "demographic_parity_difference": 0.2,
            "demographic_parity_ratio": 0.6,
            "equal_opportunity_difference": 0.3,
            "equal_opportunity_ratio": 0.625,
            "equalized_odds_difference": 0.3,
            "equalized_odds_ratio": 0.625,
            "average_odds_difference": (0.3 + 1 / 30) / 2,
            "selection_rate_standard_deviation": 0.1,
            "accuracy_standard_deviation": 0.05,
            "false_positive_rate_standard_deviation": 1 / 60,
            "false_negative_rate_standard_deviation": 0.15,
        }
    )


def test_average_odds_are_between_the_two_groups_that_are_most_apart() -> None:
    # true positive rates 0.9, 0.5, 0.7; false positive rates 0.2, 0.2, 0.6: groups 0 and 2 are (0.2 + 0.4) / 2 apart,
    # 1 and 2 as well, 0 and 1 (0.4 + 0) / 2
    found = disparities(counted((90, 20, 80, 10), (50, 20, 80, 50), (70, 60, 40, 30)), 0.95)
    assert found["average_odds_difference"].value == pytest.approx(0.3)
    assert found["equalized_odds_difference"].value == pytest.approx(0.4)


rows = st.lists(st.tuples(st.integers(0, 3), st.booleans(), st.booleans()), min_size=0, max_size=60)
ALL_CELLS = [(group, truth, told) for group in range(3) for truth in (False, True) for told in (False, True)]


@settings(max_examples=20)
@given(rows)
def test_values_are_those_of_fairlearn(drawn: list[tuple[int, bool, bool]]) -> None:
    fairlearn = pytest.importorskip("fairlearn.metrics", reason="needs the extra `fairness`")
    codes, truth, told = (np.array(column) for column in zip(*ALL_CELLS, *drawn, strict=True))
    used = np.unique(codes, return_inverse=True)[1]
    counts = count(groups(used), truth, told)
    if not (counts.positives.all() and counts.negatives.all()):
        return  # fairlearn takes such a rate for 0; we leave it out
    found = disparities(counts, 0.95)
    for name in set(BY_FAIRLEARN) & set(found):
        theirs = getattr(fairlearn, name)(truth, told, sensitive_features=codes)
        assert found[name].value == pytest.approx(theirs), name
    frame = fairlearn.MetricFrame(
        metrics={
            rate: getattr(fairlearn, rate)
            for rate in ("selection_rate", "false_positive_rate", "false_negative_rate", "true_positive_rate")
        },
        y_true=truth,
        y_pred=told,
        sensitive_features=codes,
    )
    for rate, theirs in frame.by_group.items():
        part, whole = counts.shares()[str(rate)]
        assert part / whole == pytest.approx(theirs.to_numpy()), rate


cells = st.tuples(*[st.integers(0, 200)] * 4).filter(lambda own: sum(own) > 0)


@settings(max_examples=20)
@given(st.lists(cells, min_size=2, max_size=5))
def test_an_interval_holds_its_value_and_lies_within_what_there_can_be(
    drawn: list[tuple[int, int, int, int]],
) -> None:
    for name, interval in disparities(counted(*drawn), 0.9).items():
        assert interval.low is not None and interval.high is not None, name
        assert 0 <= interval.low <= interval.value <= interval.high <= 1, name


@settings(max_examples=20)
@given(st.lists(cells, min_size=2, max_size=4))
def test_more_confidence_never_gives_a_smaller_interval(drawn: list[tuple[int, int, int, int]]) -> None:
    narrow, wide = (disparities(counted(*drawn), confidence) for confidence in (0.8, 0.99))
    for name, interval in narrow.items():
        assert (wide[name].low or 0) <= (interval.low or 0) + 1e-12, name
        assert (wide[name].high or 0) >= (interval.high or 0) - 1e-12, name


def test_groups_that_are_alike_are_not_told_apart() -> None:
    found = disparities(counted((40, 10, 40, 10), (40, 10, 40, 10)), 0.95)
    assert all(interval.low == 0 for name, interval in found.items() if not name.endswith("ratio"))
    assert all(interval.high == 1 for name, interval in found.items() if name.endswith("ratio"))


def test_a_group_without_positives_is_left_out_of_what_positives_tell() -> None:
    found = disparities(counted((40, 10, 40, 10), (20, 10, 50, 20), (0, 90, 10, 0)), 0.95)
    assert found["equal_opportunity_difference"].value == pytest.approx(0.3)
    assert found["average_odds_difference"].value == pytest.approx((0.3 + 1 / 30) / 2)
    assert found["demographic_parity_difference"].value == pytest.approx(0.6)


def test_where_one_group_has_positives_opportunity_is_not_told() -> None:
    found = disparities(counted((40, 10, 40, 10), (0, 10, 90, 0)), 0.95)
    assert "equal_opportunity_difference" not in found
    assert "average_odds_difference" not in found
    assert found["demographic_parity_ratio"].value == pytest.approx(0.2)


def test_a_ratio_to_none_is_0_and_of_none_to_none_is_not_told() -> None:
    nobody = disparities(counted((0, 0, 50, 50), (20, 10, 50, 20)), 0.95)
    assert nobody["demographic_parity_ratio"].value == nobody["demographic_parity_ratio"].low == 0
    assert (nobody["demographic_parity_ratio"].high or 1) < 0.5
    nowhere = disparities(counted((0, 0, 50, 50), (0, 0, 50, 20)), 0.95)
    assert "demographic_parity_ratio" not in nowhere
    assert nowhere["demographic_parity_difference"].value == 0


def test_the_same_rows_give_the_same_interval() -> None:
    one, other = (disparities(counted((40, 10, 40, 10), (20, 10, 50, 20)), 0.95) for _ in range(2))
    assert one == other


def test_intervals_reach_down_to_alike_as_often_as_they_claim() -> None:
    # four groups that are treated alike, one of 12 positives: a resampled maximum would find all of them apart
    random = np.random.default_rng(5)
    sizes = np.array([200, 60, 40, 500])
    held = dict.fromkeys(("demographic_parity_difference", "average_odds_difference", "equalized_odds_ratio"), 0)
    for _ in range(100):
        positives = random.binomial(sizes, 0.3)
        hits, false = random.binomial(positives, 0.7), random.binomial(sizes - positives, 0.1)
        found = disparities(counted(*zip(hits, false, sizes - positives - false, positives - hits, strict=True)), 0.95)
        for name in held:
            interval = found[name]
            held[name] += interval.high == 1 if name.endswith("ratio") else interval.low == 0
    assert all(times >= 88 for times in held.values()), held


@pytest.mark.slow
@pytest.mark.parametrize(
    ("sizes", "base", "true_positive", "false_positive"),
    [
        ([200, 200], [0.3, 0.3], [0.7, 0.7], [0.1, 0.1]),
        ([40, 400], [0.1, 0.2], [0.6, 0.6], [0.03, 0.03]),
        ([300, 1000, 50], [0.1, 0.3, 0.3], [0.5, 0.65, 0.4], [0.02, 0.1, 0.1]),
        ([30, 400], [0.3, 0.3], [0.95, 0.95], [0.02, 0.02]),
    ],
)
def test_intervals_hold_the_truth_as_often_as_they_claim(
    sizes: list[int], base: list[float], true_positive: list[float], false_positive: list[float]
) -> None:
    rows, share, hit, miss = (np.array(values) for values in (sizes, base, true_positive, false_positive))
    selected = share * hit + (1 - share) * miss
    true = {
        "demographic_parity_difference": np.ptp(selected),
        "demographic_parity_ratio": selected.min() / selected.max(),
        "equal_opportunity_difference": np.ptp(hit),
        "equalized_odds_difference": max(np.ptp(hit), np.ptp(miss)),
        "selection_rate_standard_deviation": selected.std(),
    }
    random = np.random.default_rng(3)
    held: dict[str, list[bool]] = {name: [] for name in true}
    for _ in range(600):
        positives = random.binomial(rows, share)
        hits, false = random.binomial(positives, hit), random.binomial(rows - positives, miss)
        found = disparities(counted(*zip(hits, false, rows - positives - false, positives - hits, strict=True)), 0.95)
        for name in set(true) & set(found):
            low, high = found[name].low, found[name].high
            assert low is not None and high is not None
            held[name].append(low - 1e-9 <= true[name] <= high + 1e-9)
    shares = {name: np.mean(each) for name, each in held.items()}
    assert all(share >= 0.91 for share in shares.values()), shares
