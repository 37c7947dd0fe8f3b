from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.runtime.arrays import ROW_BATCH, TEXT_BATCH, Arrays, Floats, run_in_batches


@given(st.lists(st.integers(1, 12), min_size=1, max_size=100))
def test_texts_keep_their_order_and_padding_is_cut(lengths: list[int]) -> None:
    shapes: list[tuple[int, ...]] = []

    def run(batch: Arrays) -> Floats:
        shapes.append(batch["input_ids"].shape)
        assert batch["attention_mask"].sum(axis=1).max() == batch["input_ids"].shape[1]
        return np.asarray(batch["input_ids"].sum(axis=1), np.float32)

    mask = (np.arange(20) < np.array(lengths)[:, None]).astype(np.int32)
    ids = mask * np.arange(1, len(lengths) + 1)[:, None]
    outputs = run_in_batches(run, {"input_ids": ids, "attention_mask": mask})
    assert outputs.tolist() == [place * length for place, length in enumerate(lengths, start=1)]
    assert sum(rows for rows, _ in shapes) == len(lengths)
    assert max(rows for rows, _ in shapes) <= TEXT_BATCH


def test_other_rows_run_in_large_batches() -> None:
    sizes: list[int] = []

    def run(batch: Arrays) -> Floats:
        sizes.append(len(batch["numeric"]))
        return batch["numeric"].astype(np.float32) * 2

    rows = ROW_BATCH + 5
    outputs = run_in_batches(run, {"numeric": np.arange(rows)[:, None]})
    assert sizes == [ROW_BATCH, 5]
    assert outputs[:, 0] == pytest.approx(np.arange(rows) * 2.0)
