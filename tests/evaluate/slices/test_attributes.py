from __future__ import annotations

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.evaluate.slices.attributes import MOST_VALUES, NOWHERE, Attribute, attribute, by_range, by_value, crossed


def test_a_part_for_each_value_and_one_for_what_is_missing() -> None:
    found = attribute("sex", pa.chunked_array([["F", None, "M", "F"]]))
    assert found.names == ("sex missing", "sex = F", "sex = M")
    assert found.codes.tolist() == [1, 0, 2, 1]


def test_few_numbers_are_taken_one_by_one() -> None:
    found = attribute("children", pa.chunked_array([[0, 2, 0]]))
    assert found.names == ("children = 0", "children = 2")


def test_many_numbers_are_parted_in_quarters() -> None:
    found = attribute("age", pa.chunked_array([list(range(1, 17))]))
    assert found.names == ("age 1 to 4", "age 5 to 8", "age 9 to 12", "age 13 to 16")
    assert found.codes.tolist() == [0] * 4 + [1] * 4 + [2] * 4 + [3] * 4


def test_a_number_that_most_rows_have_is_a_part_of_its_own() -> None:
    found = by_range("gain", np.array([0.0] * 10 + [1, 2, 3, 4, np.nan]))
    assert found.names == ("gain = 0", "gain = 1", "gain = 2", "gain = 3", "gain = 4", "gain missing")


def test_a_range_says_which_number_inside_it_is_left_out() -> None:
    found = by_range("years", np.array([5.0] * 20 + [4, 6, 7, 8, 9, 10, 11, 12]))
    assert found.names == ("years = 5", "years 4 to 6 but not 5", "years 7 to 8", "years 9 to 10", "years 11 to 12")


def test_rare_values_of_very_many_are_one_part() -> None:
    found = by_value("town", [*(f"t{number:02}" for number in range(60)), *(f"t{number:02}" for number in range(50))])
    assert len(found.names) == MOST_VALUES + 1
    assert found.names[-1] == "town of 10 other values"
    assert np.bincount(found.codes)[-1] == 10


def test_crossed_parts_that_have_rows() -> None:
    sex, race = by_value("sex", ["F", "M", "F"]), by_value("race", ["a", "a", "b"])
    found = crossed([sex, race])
    assert found.names == ("sex = F and race = a", "sex = F and race = b", "sex = M and race = a")
    assert found.codes.tolist() == [0, 2, 1]
    nowhere = Attribute(("x",), np.array([0, NOWHERE, 0]))
    assert crossed([sex, nowhere]).codes.tolist() == [0, NOWHERE, 0]


@settings(max_examples=60)
@given(st.lists(st.one_of(st.integers(-5, 5).map(float), st.floats(-1e6, 1e6), st.just(float("nan"))), min_size=1))
def test_every_row_is_in_one_part_that_has_rows(values: list[float]) -> None:
    found = by_range("x", np.array(values))
    assert set(found.codes.tolist()) == set(range(len(found.names)))
