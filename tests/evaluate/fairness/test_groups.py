from __future__ import annotations

import pyarrow as pa
import pytest

from infra.errors import DataError
from tasks.evaluate.fairness.groups import crossed, groups_by


def test_values_are_groups_and_a_missing_one_is_a_group_too() -> None:
    rows = pa.table({"sex": ["Male", None, "Female", "", "Male"]})
    groups = groups_by(rows, "sex")
    assert groups.names == ("Female", "Male", "(missing)")
    assert groups.codes.tolist() == [1, 2, 0, 2, 1]


def test_few_numbers_are_groups_each_and_truth_values_are_too() -> None:
    rows = pa.table({"children": [2, 0, 10, None, 2], "foreign": [True, False, True, None, True]})
    assert groups_by(rows, "children").names == ("0", "2", "10", "(missing)")
    assert groups_by(rows, "children").codes.tolist() == [1, 0, 2, 3, 1]
    assert groups_by(rows, "foreign").names == ("false", "true", "(missing)")


def test_many_numbers_are_four_bands_of_as_many_rows() -> None:
    groups = groups_by(pa.table({"age": list(range(20, 40))}), "age")
    assert groups.names == ("20 to 24", "25 to 29", "30 to 34", "35 to 39")
    assert [groups.codes.tolist().count(code) for code in range(4)] == [5, 5, 5, 5]


def test_equal_numbers_stay_in_one_band() -> None:
    groups = groups_by(pa.table({"age": [*[18.5] * 80, *range(20, 40)]}), "age")
    assert groups.names == ("18.5", "20 to 39")


def test_all_missing_is_one_group() -> None:
    groups = groups_by(pa.table({"age": pa.array([None, None], pa.int64())}), "age")
    assert (groups.names, groups.codes.tolist()) == (("(missing)",), [0, 0])


def test_crossed_groups_are_those_that_have_rows() -> None:
    rows = pa.table({"sex": ["f", "m", "f"], "race": ["x", "y", "y"]})
    groups = crossed([groups_by(rows, "sex"), groups_by(rows, "race")])
    assert groups.columns == ("sex", "race")
    assert groups.names == ("f, x", "f, y", "m, y")
    assert groups.codes.tolist() == [0, 2, 1]


def test_a_comma_in_a_value_joins_no_groups() -> None:
    rows = pa.table({"a": ["x, y", "x"], "b": ["z", "y, z"]})
    groups = crossed([groups_by(rows, "a"), groups_by(rows, "b")])
    assert len(set(groups.codes.tolist())) == len(groups.names) == 2


def test_a_column_that_is_not_there() -> None:
    with pytest.raises(DataError, match=r"protected, gender: found columns sex, label; allowed: a column of the data"):
        groups_by(pa.table({"sex": ["f"], "label": ["yes"]}), "gender")


def test_a_column_with_a_value_for_each_person() -> None:
    with pytest.raises(DataError, match="name: found 101 different values; allowed: at most 100 groups"):
        groups_by(pa.table({"name": [f"person {number}" for number in range(101)]}), "name")
