from __future__ import annotations

import numpy as np

from tasks.evaluate.slices.attributes import by_value
from tasks.evaluate.slices.declared import declared_slices


def test_slices_of_the_recipe() -> None:
    merits = np.array([1.0] * 8 + [0.0] * 2 + [1.0] * 10 + [0.0])
    found = declared_slices(
        [by_value("group", ["a"] * 10 + ["b"] * 10 + ["c"])], merits, True, minimum_rows=5, confidence=0.95
    )
    by_name = {each.name: each for each in found}
    assert [by_name[f"group = {name}"].metric.value for name in "abc"] == [0.8, 1.0, 0.0]
    assert [by_name[f"group = {name}"].rows for name in "abc"] == [10, 10, 1]
    assert [by_name[f"group = {name}"].is_small for name in "abc"] == [False, False, True]
    assert by_name["group = a"].rest == 10 / 11
    assert by_name["group = a"].p_value is not None
    assert by_name["group = c"].p_value is None
    alone = by_name["group = c"].metric  # a group of one tells next to nothing
    assert alone.low == 0 and alone.high is not None and alone.high > 0.7


def test_a_slice_of_all_rows_is_not_tested() -> None:
    (found,) = declared_slices([by_value("group", ["a"] * 60)], np.ones(60), True, minimum_rows=5, confidence=0.95)
    assert (found.p_value, found.rest) == (None, 1.0)


def test_one_squared_error_has_no_bounds() -> None:
    found = declared_slices([by_value("g", ["a", "b", "b"])], np.array([-0.5, -0.1, -0.3]), False, 1, 0.95)
    assert (found[0].metric.low, found[0].metric.high) == (None, None)
    assert found[1].metric.low is not None
