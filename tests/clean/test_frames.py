from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.errors import DataError
from tasks.clean.frames import canonical_frame
from tasks.data.canonical import canonical_table

ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "text": st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=4),
            "count": st.none() | st.integers(-(2**31), 2**31 - 1),
            "share": st.none() | st.floats(),
            "known": st.none() | st.booleans(),
        }
    ),
    max_size=6,
)


@given(rows=ROWS, integers=st.sampled_from([pl.Int64, pl.Int32]))
def test_a_frame_and_its_table_become_the_same(rows: list[dict[str, Any]], integers: Any) -> None:
    types = {"text": pl.String, "count": integers, "share": pl.Float64, "known": pl.Boolean}
    frame = pl.DataFrame(rows, schema=types)
    found = canonical_table(canonical_frame(frame).to_arrow())
    assert str(found.to_pylist()) == str(canonical_table(frame.to_arrow()).to_pylist())  # as text: 0.0 equals -0.0
    assert "nan" not in map(str, found["share"].to_pylist())
    assert "-0.0" not in map(str, found["share"].to_pylist())


def test_a_type_without_a_canonical_one_is_named() -> None:
    with pytest.raises(DataError, match="column 'day': found values of type date32"):
        canonical_frame(pl.DataFrame({"day": [date(2024, 2, 29)]}))
