"""Texts as token ids."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from infra.errors import DataError, NotFoundError
from tasks.features.files import input_columns, load_features, save_features
from tasks.features.text import pad, text_features
from tests.text_encoder import write_tokenizer


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a tokeniser of eight words: 0 is padding, 1 unknown, 2 and 3 begin and end, then `a` to `d`."""
    write_tokenizer(tmp_path)
    return tmp_path


def test_a_batch_is_as_long_as_its_longest_text(folder: Path) -> None:
    arrays = text_features(folder, max_tokens=8).encode(pa.table({"text": ["a", "B c zebra", None]}))

    assert arrays["input_ids"].tolist() == [[2, 4, 3, 0, 0], [2, 5, 6, 1, 3], [2, 3, 0, 0, 0]]
    assert arrays["attention_mask"].tolist() == [[1, 1, 1, 0, 0], [1, 1, 1, 1, 1], [1, 1, 0, 0, 0]]
    assert {array.dtype for array in arrays.values()} == {np.dtype(np.int32)}


def test_longer_texts_are_cut_and_still_end(folder: Path) -> None:
    arrays = text_features(folder, max_tokens=4).encode(pa.table({"text": ["a b c d"]}))

    assert arrays["input_ids"].tolist() == [[2, 4, 5, 3]]


def test_saved_features_bring_their_tokeniser_along(folder: Path, tmp_path: Path) -> None:
    saved = tmp_path / "saved"
    saved.mkdir()
    rows = pa.table({"text": ["d c"]})
    features = text_features(folder, max_tokens=8)
    save_features(features, saved)
    (folder / "tokenizer.json").unlink()

    assert load_features(saved).encode(rows)["input_ids"].tolist() == [[2, 7, 6, 3]]
    assert input_columns(saved) == {"text": "string"}


def test_no_text_makes_an_empty_batch() -> None:
    assert pad([])["input_ids"].shape == (0, 0)


def test_a_missing_column_is_named(folder: Path) -> None:
    with pytest.raises(DataError, match=r"found columns question; allowed: rows with the column 'text'"):
        text_features(folder, max_tokens=8).encode(pa.table({"question": ["a"]}))


def test_a_missing_tokeniser_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"tokeniser: found no .*tokenizer.json"):
        text_features(tmp_path, max_tokens=8).encode(pa.table({"text": ["a"]}))
