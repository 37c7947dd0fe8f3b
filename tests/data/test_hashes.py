from __future__ import annotations

import hashlib
import struct
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.data.canonical import arrow_schema, canonical_table
from tasks.data.digest import final_digest, partial_digest
from tasks.data.hashes import Hashes, encode, hash_rows, hash_sum, hash_texts, hex_text, numbered_text, row_hashes

HASHES = st.lists(st.binary(min_size=32, max_size=32), max_size=6)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=4)
COLUMNS = {"t": "string", "n": "int64", "f": "float64", "b": "bool"}
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "t": st.none() | TEXTS,
            "n": st.none() | st.integers(-(2**63), 2**63 - 1),
            "f": st.none() | st.floats(allow_nan=False),
            "b": st.none() | st.booleans(),
        }
    ),
    max_size=9,
)


def hashes_of(values: list[bytes]) -> Hashes:
    return np.frombuffer(b"".join(values), np.uint8).reshape(-1, 32)


def one_by_one(table: pa.Table) -> bytes:
    """The hashes as the definition has them, a value at a time."""
    return b"".join(
        hashlib.sha256(b"".join(cell(row[name]) for name in sorted(row))).digest() for row in table.to_pylist()
    )


def cell(value: str | float | None) -> bytes:
    if value is None:
        return b"-"
    if isinstance(value, bool):
        text = str(value).lower()
    elif isinstance(value, float):
        text = str(*struct.unpack("<q", struct.pack("<d", value)))
    else:
        text = str(value)
    return b"%d:%b" % (len(text.encode()), text.encode())


@given(values=HASHES)
def test_a_sum_is_that_of_the_numbers(values: list[bytes]) -> None:
    assert hash_sum(hashes_of(values)) == sum(int.from_bytes(each, "big") for each in values) % 2**256


@given(values=HASHES, first=st.integers(0, 10**12 - 10))
def test_text_of_hashes(values: list[bytes], first: int) -> None:
    hashes = hashes_of(values)
    assert hex_text(hashes, 32).to_pylist() == [each.hex()[:32] for each in values]
    expected = [f"{each.hex()[:8]}-{first + place:012d}" for place, each in enumerate(values)]
    assert numbered_text(hashes, 8, first).to_pylist() == expected


@given(rows=ROWS, cut=st.integers(0, 9))
def test_each_row_is_hashed_as_its_encoding_says(rows: list[dict[str, Any]], cut: int) -> None:
    schema = arrow_schema(COLUMNS)
    halves = [pa.Table.from_pylist(half, schema) for half in (rows[:cut], rows[cut:])]
    table = canonical_table(pa.concat_tables(halves))
    assert row_hashes(table, list(COLUMNS)).tobytes() == one_by_one(table)


@pytest.mark.parametrize("length", [4095, 4096, 100_000])
def test_a_long_text_is_hashed_like_a_short_one(length: int) -> None:
    table = pa.table({"t": ["x", "ü" * (length // 2) + "x" * (length % 2), None]})
    assert row_hashes(table, ["t"]).tobytes() == one_by_one(table)


def test_a_slice_is_hashed_like_its_rows() -> None:
    rows = pa.table({"a": ["x", "y", "z"], "b": [1, 2, None], "c": [True, None, False]})
    names = rows.column_names
    whole = row_hashes(rows, names)
    assert np.array_equal(row_hashes(rows.slice(1), names), whole[1:])
    sliced = {name: tuple(text.slice(1) for text in texts) for name, texts in encode(rows, names).items()}
    assert np.array_equal(hash_rows(sliced, 2), whole[1:])


def test_rows_without_columns_are_alike() -> None:
    assert hash_rows({}, 2).tobytes() == hashlib.sha256(b"").digest() * 2


def test_no_rows_have_no_hashes() -> None:
    assert row_hashes(arrow_schema(COLUMNS).empty_table(), list(COLUMNS)).shape == (0, 32)
    assert hash_texts(pa.chunked_array([], pa.large_string())).shape == (0, 32)


def test_the_digest_of_these_rows_stays_what_it_was() -> None:
    """Written down when it was made: a change makes every data set in every home another one."""
    rows = {"t": ["a b", "", None, "ü☃"], "n": [0, -(2**63), 2**63 - 1, None], "f": [0.1, -2.5e300, None, 0.0]}
    table = pa.table({**rows, "b": [True, False, None, True]}, schema=arrow_schema(COLUMNS))
    assert final_digest(COLUMNS, [partial_digest(table)]) == (
        "059f596f491e843426ab7722afc89ed7e59c1cd6a2680b9421a77fb71f74732d"
    )
