from __future__ import annotations

import pyarrow as pa
import pytest
from pydantic import ValidationError

from tasks.compress.config import CompressOptions, DistilOptions
from tasks.compress.edits import with_copies

ROWS = pa.table({"text": ["my card was lost abroad", "ok", "where is my top up"] * 40, "label": ["a", "b", "c"] * 40})


def test_copies_follow_their_rows_and_keep_all_but_the_text() -> None:
    found = with_copies(ROWS, DistilOptions(copies=2, edited_share=0.3), seed=1)
    assert found.slice(0, 120) == ROWS
    assert found["label"].to_pylist() == ROWS["label"].to_pylist() * 3
    known = {word for text in ROWS["text"].to_pylist() for word in text.split()}
    edited = found.slice(120)["text"].to_pylist()
    assert {word for text in edited for word in text.split()} <= known
    assert all(edited)  # none is empty
    words = sum(len(text.split()) for text in ROWS["text"].to_pylist())
    left = sum(len(text.split()) for text in edited) / (2 * words)
    assert 0.8 < left < 0.9  # half of 0.3 are gone
    changed = sum(one != other for one, other in zip(edited, ROWS["text"].to_pylist() * 2, strict=True))
    assert changed > 100


def test_the_same_seed_gives_the_same_copies() -> None:
    options = DistilOptions(copies=1)
    assert with_copies(ROWS, options, 3) == with_copies(ROWS, options, 3)
    assert with_copies(ROWS, options, 3) != with_copies(ROWS, options, 4)


def test_without_copies_rows_are_the_same() -> None:
    assert with_copies(ROWS, DistilOptions(), 1) is ROWS


def test_a_share_above_one_is_refused() -> None:
    with pytest.raises(ValidationError, match="edited_share"):
        CompressOptions.model_validate({"distil": {"edited_share": 1.5}})
