"""What a profile may be asked for."""

from __future__ import annotations

import math

import pytest

from infra.errors import RecipeError
from tasks.dp.statistics.bounds import Bounds
from tasks.private.profile.request import Request

COLUMNS = {"row_id": "string", "age": "int64", "height": "float64", "town": "string", "user": "string"}
AGE = {"age": Bounds(0, 100)}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"epsilon": 0.0}, "epsilon: found 0; allowed: a number above 0"),
        ({"epsilon": -1.0}, "epsilon: found -1;"),
        ({"epsilon": math.inf}, "epsilon: found inf;"),
        ({"epsilon": math.nan}, "epsilon: found nan;"),
        ({"bins": 0}, "bins: found 0; allowed: 1 to 1000"),
        ({"cap": 0, "key": "user"}, "cap: found 0;"),
        ({"cap": 3}, "cap: found 3; allowed: 1 or more, with --key"),
        ({"top": {"town": 0}}, "top town: found 0;"),
        ({"categories": {"town": []}}, "categories town: found ;"),
        ({"categories": {"town": ["a", "a"]}}, "categories town: found a,a; allowed: each once"),
    ],
)
def test_nothing_private_could_come_of_it(options: dict, message: str) -> None:
    with pytest.raises(RecipeError, match=f"^profile, {message}"):
        Request(**{"epsilon": 1.0, "delta": 1e-6, **options})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"bounds": {"years": Bounds(0, 1)}}, "column years: found none of that name; allowed: row_id, age"),
        ({"bounds": AGE, "key": "person"}, "column person: found none of that name"),
        ({"bounds": {"town": Bounds(0, 1)}}, "column town: found type string; .* Give --top town=10"),
        ({"top": {"height": 3}}, "column height: found type float64; .* Give --bounds height=LOW:HIGH"),
        ({"bounds": AGE, "top": {"age": 3}}, "column age: found it twice"),
    ],
)
def test_the_data_set_has_not_got_it(options: dict, message: str) -> None:
    with pytest.raises(RecipeError, match=f"^profile, {message}"):
        Request(epsilon=1.0, delta=1e-6, **options).check(COLUMNS, 1000)


def test_delta_counts_only_where_it_is_spent() -> None:
    Request(epsilon=1.0, delta=0.5, bounds=AGE).check(COLUMNS, 1000)
    for options in ({"top": {"town": 3}}, {"bounds": AGE, "mechanism": "gaussian"}):
        Request(epsilon=1.0, delta=0.9e-3, **options).check(COLUMNS, 1000)
        for delta in (1e-3, 0.0, -1.0):
            with pytest.raises(RecipeError, match=r"delta: found .* with 1000 rows; allowed: above 0 and below 1/1000"):
                Request(epsilon=1.0, delta=delta, **options).check(COLUMNS, 1000)
