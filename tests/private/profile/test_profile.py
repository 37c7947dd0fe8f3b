"""Statistics with noise of a table."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from tasks.dp.statistics.bounds import Bounds
from tasks.private.profile.profile import OTHER, Profile, profile
from tasks.private.profile.request import Request

ROWS = pa.table(
    {
        "row_id": [f"{place:04d}" for place in range(8)],
        "user": ["a", "a", "a", "b", "c", None, "d", "d"],
        "age": [20, 30, 40, 50, None, 60, 70, 900],
        "height": [1.5, float("nan"), 1.7, 1.8, 1.9, None, 1.6, 1.7],
        "member": [True, True, False, None, True, True, True, True],
        "town": ["x", "x", "x", "y", "z", None, "", "x"],
    }
)
ALL = Request(
    epsilon=1e7,
    delta=1e-6,
    bounds={"age": Bounds(0, 100), "height": Bounds(1, 2)},
    categories={"member": ["true", "false"]},
    top={"town": 2},
    bins=4,
)


def figures(found: Profile, column: str, kind: str) -> dict[str, float]:
    statistic = next(each for each in found.statistics if (each.column, each.kind) == (column, kind))
    return {value.name: round(value.value, 2) for value in statistic.values}


def test_with_hardly_any_noise_all_is_as_counted() -> None:
    found = profile(ROWS, ALL)
    assert figures(found, "", "rows") == {"rows": 8}
    assert figures(found, "age", "count") == {"known": 7}
    assert figures(found, "age", "mean") == {"mean": pytest.approx(370 / 7, abs=0.01)}
    assert figures(found, "age", "histogram") == {"0 to 25": 1, "25 to 50": 2, "50 to 75": 3, "75 to 100": 1}
    assert figures(found, "age", "quantiles")["0.5"] == pytest.approx(50, abs=0.5)
    assert figures(found, "height", "count") == {"known": 6}
    assert figures(found, "member", "categories") == {"true": 6, "false": 1, OTHER: 0}
    assert figures(found, "town", "top") == {"x": 4}
    assert (found.epsilon, found.delta, found.unit) == (1e7, 1e-6, "row")


def test_each_answer_says_what_it_cost_and_where_the_number_lies() -> None:
    found = profile(ROWS, ALL)
    assert len(found.statistics) == 11
    assert all(each.spent.epsilon == pytest.approx(1e7 / 11) for each in found.statistics)  # type: ignore[union-attr]
    assert all(value.low <= value.value <= value.high for each in found.statistics for value in each.values)
    assert Profile.model_validate_json(found.model_dump_json()) == found


@pytest.mark.parametrize("cap", [1, 2])
def test_of_a_person_no_more_rows_than_the_cap(cap: int) -> None:
    asked = Request(1e7, 1e-6, categories={"user": ["a", "b", "c", "d"]}, key="user", cap=cap)
    found = profile(ROWS, asked)
    assert figures(found, "", "rows") == {"rows": {1: 4, 2: 6}[cap]}  # the row that says nobody's name is left out
    assert figures(found, "user", "categories") == {"a": cap, "b": 1, "c": 1, "d": cap, OTHER: 0}
    assert found.unit == "person"


def test_which_rows_of_a_person_is_chance() -> None:
    asked = Request(1e7, 1e-6, bounds={"age": Bounds(0, 100)}, key="user")
    means = {figures(profile(ROWS.slice(0, 3), asked), "age", "mean")["mean"] for _ in range(40)}
    assert means == {20.0, 30.0, 40.0}


@pytest.mark.parametrize("rows", [0, 1])
@pytest.mark.parametrize("mechanism", ["laplace", "gaussian"])
def test_of_no_row_or_one_there_is_noise_alone(rows: int, mechanism: str) -> None:
    asked = Request(0.5, 1e-6, mechanism, bounds=ALL.bounds, categories=ALL.categories, top=ALL.top)  # type: ignore[arg-type]
    found = profile(ROWS.slice(0, rows), asked)
    assert figures(found, "town", "top") == {}
    assert 0 <= figures(found, "age", "mean")["mean"] <= 100


def test_an_outlier_moves_the_mean_no_more_than_the_bounds_let_it() -> None:
    ages = pa.array(np.append(np.full(99, 50.0), 1e12))
    asked = Request(1e7, 1e-6, bounds={"age": Bounds(0, 100)})
    assert figures(profile(pa.table({"age": ages}), asked), "age", "mean") == {"mean": 50.5}


def test_numbers_of_any_kind_are_taken() -> None:
    table = pa.table({"id": [2**63 - 1, -(2**63), None], "is": [True, None, False], "none": pa.array([None] * 3, "f8")})
    asked = Request(1e7, 1e-6, bounds={"id": Bounds(0, 1e19), "is": Bounds(0, 1), "none": Bounds(0, 1)})
    found = profile(table, asked)
    assert figures(found, "id", "mean")["mean"] == pytest.approx(2**62, rel=1e-4)
    assert figures(found, "is", "mean") == {"mean": pytest.approx(0.5, abs=0.01)}
    assert figures(found, "none", "count") == {"known": 0}
