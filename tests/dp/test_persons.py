"""Rows of one person."""

from __future__ import annotations

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.errors import DataError
from tasks.dp.persons import bounded, count_persons


def table(users: list[str]) -> pa.Table:
    """Rows that differ; a row's id has its number in it, as those of a data set do."""
    texts = [f"text {place}" for place in range(len(users))]
    return numbered(pa.table({"user": users, "text": texts}))


def numbered(rows: pa.Table) -> pa.Table:
    return rows.add_column(0, "row_id", [[f"{place:04d}" for place in range(rows.num_rows)]])


@given(st.lists(st.sampled_from("abcd"), min_size=1, max_size=40), st.integers(1, 5), st.integers(0, 9))
def test_nobody_has_more_rows_than_the_cap_and_order_stays(users: list[str], most: int, seed: int) -> None:
    kept = bounded(table(users), "user", most, seed)
    for user in set(users):
        assert kept["user"].to_pylist().count(user) == min(most, users.count(user))
    ids = kept["row_id"].to_pylist()
    assert ids == sorted(ids)
    assert count_persons(kept, "user") == len(set(users))


@given(st.lists(st.sampled_from("abcd"), min_size=4, max_size=40), st.integers(1, 3))
def test_without_a_person_the_rows_of_others_are_the_same(users: list[str], most: int) -> None:
    whole = table(users)
    keep = [user != "a" for user in users]
    others = numbered(whole.filter(pa.array(keep)).drop_columns(["row_id"]))
    if not others.num_rows:
        return
    before = [row["text"] for row in bounded(whole, "user", most, 7).to_pylist() if row["user"] != "a"]
    assert bounded(others, "user", most, 7)["text"].to_pylist() == before


def test_which_rows_stay_hangs_on_the_seed() -> None:
    kept = {tuple(bounded(table(["a"] * 10), "user", 2, seed)["row_id"].to_pylist()) for seed in range(20)}
    assert len(kept) > 10


def test_rows_that_do_not_say_whose_they_are_are_refused() -> None:
    rows = pa.table({"row_id": ["0", "1"], "user": ["a", None]})
    with pytest.raises(DataError, match=r"train\.privacy\.user user: found 1 of 2 train rows that don't say whose"):
        bounded(rows, "user", 1, 0)
