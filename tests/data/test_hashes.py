from __future__ import annotations

import hashlib

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.data.hashes import encode, hash_rows, hash_sum, hex_text, numbered_text, row_hashes

HASHES = st.lists(st.binary(min_size=32, max_size=32), max_size=6)


@given(hashes=HASHES)
def test_a_sum_is_that_of_the_numbers(hashes: list[bytes]) -> None:
    assert hash_sum(hashes) == sum(int.from_bytes(each, "big") for each in hashes) % 2**256


@given(hashes=HASHES, first=st.integers(0, 10**12 - 10))
def test_text_of_hashes(hashes: list[bytes], first: int) -> None:
    assert hex_text(hashes, 32).to_pylist() == [each.hex()[:32] for each in hashes]
    expected = [f"{each.hex()[:8]}-{first + place:012d}" for place, each in enumerate(hashes)]
    assert numbered_text(hashes, 8, first).to_pylist() == expected


@settings(deadline=None)
@given(values=st.lists(st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=4), max_size=8))
def test_each_row_is_hashed_as_its_encoding_says(values: list[str | None]) -> None:
    half = len(values) // 2
    column = pa.chunked_array([pa.array(values[:half], pa.string()), pa.array(values[half:], pa.string())])
    cells = [b"-" if value is None else f"{len(value.encode())}:{value}".encode() for value in values]
    assert row_hashes(pa.table({"b": column}), ["b"]) == [hashlib.sha256(cell).digest() for cell in cells]


def test_a_slice_is_hashed_like_its_rows() -> None:
    rows = pa.table({"a": ["x", "y", "z"], "b": [1, 2, None]})
    assert row_hashes(rows.slice(1), ["a", "b"]) == row_hashes(rows, ["a", "b"])[1:]
    cells = {name: values.slice(1) for name, values in encode(rows, ["a", "b"]).items()}
    assert hash_rows(cells, 2) == row_hashes(rows, ["a", "b"])[1:]


def test_rows_without_columns_are_alike() -> None:
    assert hash_rows({}, 2) == [hashlib.sha256(b"").digest()] * 2
