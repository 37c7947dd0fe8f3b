"""The digest depends on what rows say, and on nothing else."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.errors import DataError
from tasks.data.canonical import arrow_schema, canonical_table, column_types
from tasks.data.digest import PartialDigest, file_digest, final_digest, partial_digest
from tasks.data.hashes import row_hashes

COLUMNS = {"text": "string", "count": "int64", "share": "float64", "known": "bool"}
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "text": st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
            "count": st.none() | st.integers(-(2**63), 2**63 - 1),
            "share": st.none() | st.floats(allow_nan=False),
            "known": st.none() | st.booleans(),
        }
    ),
    max_size=12,
)


def table(rows: list[dict[str, Any]]) -> pa.Table:
    return canonical_table(pa.Table.from_pylist(rows, arrow_schema(COLUMNS)))


@given(rows=ROWS, cut=st.integers(0, 12), shuffle=st.randoms())
def test_order_and_partitioning_do_not_count(rows: list[dict[str, Any]], cut: int, shuffle: Any) -> None:
    whole = final_digest(COLUMNS, [partial_digest(table(rows))])
    mixed = list(rows)
    shuffle.shuffle(mixed)
    parts = [partial_digest(table(mixed[:cut])), partial_digest(table(mixed[cut:]))]
    assert final_digest(COLUMNS, parts) == whole


@given(rows=ROWS.filter(bool), data=st.data())
def test_a_row_more_counts_even_if_it_is_a_repeat(rows: list[dict[str, Any]], data: Any) -> None:
    again = data.draw(st.sampled_from(rows))
    assert partial_digest(table([*rows, again])) != partial_digest(table(rows))


@given(left=ROWS.filter(lambda rows: len(rows) == 1), right=ROWS.filter(lambda rows: len(rows) == 1))
def test_rows_are_hashed_alike_only_if_they_are_alike(left: list[dict[str, Any]], right: list[dict[str, Any]]) -> None:
    one, other = table(left), table(right)
    alike = np.array_equal(row_hashes(one, list(COLUMNS)), row_hashes(other, list(COLUMNS)))
    assert alike == one.equals(other)


def test_values_do_not_run_into_each_other() -> None:
    tables = [pa.table({"a": [a], "b": [b]}) for a, b in [("x", "y"), ("xy", ""), ("", "xy"), ("1:x", "y")]]
    assert len({row_hashes(each, ["a", "b"]).tobytes() for each in tables}) == len(tables)


def test_missing_differs_from_every_text() -> None:
    hashes = row_hashes(pa.table({"a": [None, "", "-", "None"]}), ["a"])
    assert len({each.tobytes() for each in hashes}) == 4


def test_types_of_libraries_become_one() -> None:
    plain = pa.table({"t": ["x", None], "n": pa.array([1, 2]), "f": [0.0, None]})
    others = pa.table(
        {
            "t": pa.array(["x", None], pa.large_string()).dictionary_encode(),
            "n": pa.array([1, 2], pa.int16()),
            "f": pa.array(np.array([-0.0, np.nan])),
        }
    )
    assert partial_digest(canonical_table(others)) == partial_digest(canonical_table(plain))


def test_the_order_of_columns_and_row_id_do_not_count() -> None:
    one = pa.table({"row_id": ["1"], "a": ["x"], "b": ["y"]})
    other = pa.table({"b": ["y"], "a": ["x"], "row_id": ["2"]})
    digests = {final_digest(column_types(each.schema), [partial_digest(each)]) for each in (one, other)}
    assert len(digests) == 1


def test_no_rows_of_other_columns_are_another_data_set() -> None:
    assert final_digest({"a": "string"}, []) != final_digest({"a": "int64"}, [])


def test_a_file_has_the_digest_of_its_rows(tmp_path: Any) -> None:
    rows = table([{"text": "a", "count": 1, "share": 0.5, "known": True}] * 3)
    pq.write_table(rows, tmp_path / "rows.parquet")
    assert file_digest(tmp_path / "rows.parquet") == partial_digest(rows)
    assert file_digest(tmp_path / "rows.parquet").count == 3


def test_sums_stay_below_the_modulus() -> None:
    top = PartialDigest(1, 2**256 - 1)
    assert top + PartialDigest(1, 1) == PartialDigest(2, 0)


def test_a_type_without_a_canonical_one_is_named() -> None:
    with pytest.raises(
        DataError, match=r"column 'a': found values of type list.*allowed: string, int64, float64, bool"
    ):
        canonical_table(pa.table({"a": [[1]]}))


def test_the_digest_stays_what_it_was() -> None:
    """Fixed by hand: a change here makes every data set in every home another one."""
    import hashlib

    row = hashlib.sha256(b"1:x").digest()  # one string column
    text = '[[["a", "string"]], 1, "' + row.hex() + '"]'
    expected = hashlib.sha256(text.encode()).hexdigest()
    assert final_digest({"a": "string"}, [partial_digest(pa.table({"a": ["x"]}))]) == expected
