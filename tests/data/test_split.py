from __future__ import annotations

import hashlib

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from tasks.data.hashes import encode
from tasks.data.split import content_keys, hash_split, subject_keys


def test_a_subject_can_be_looked_up_by_the_hash_of_its_name() -> None:
    (key,) = subject_keys(pa.chunked_array([["anna"]])).to_pylist()
    assert key == hashlib.sha256(b"anna").hexdigest()[:32]


def test_outputs_do_not_count_in_keys() -> None:
    rows = pa.table({"text": ["a", "a", "b"], "label": ["x", "y", "x"]})
    first, second, third = content_keys(encode(rows, rows.column_names), 3).to_pylist()
    assert first == second != third


@given(keys=st.lists(st.text("0123456789abcdef", min_size=32, max_size=32), min_size=1, unique=True))
def test_a_key_is_on_one_side_whatever_is_beside_it(keys: list[str]) -> None:
    together = hash_split(pa.array(keys), 0.3).to_pylist()
    alone = [hash_split(pa.array([key]), 0.3)[0].as_py() for key in keys]
    assert together == alone


@given(key=st.text(min_size=1), low=st.floats(0, 1), high=st.floats(0, 1))
def test_a_larger_share_only_adds_test_rows(key: str, low: float, high: float) -> None:
    low, high = sorted((low, high))
    sides = [hash_split(pa.array([key]), share)[0].as_py() for share in (low, high)]
    assert sides != ["test", "train"]


def test_the_share_is_about_what_was_asked() -> None:
    keys = subject_keys(pa.chunked_array([[str(number) for number in range(10_000)]]))
    assert abs(hash_split(keys, 0.2).to_pylist().count("test") - 2_000) < 200
