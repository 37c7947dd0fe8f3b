"""Which batch would fit."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize(("rows", "room", "fits"), [(32, 9, 8), (32, 16, 16), (5, 1, 1), (8, 0, 0), (1, 0, 0)])
def test_halves_are_tried_until_one_fits(rows: int, room: int, fits: int) -> None:
    import tensorflow as tf

    from tasks.fit.memory import fitting_rows

    tried: list[int] = []

    def attempt(count: int) -> None:
        tried.append(count)
        if count > room:
            raise tf.errors.ResourceExhaustedError(None, None, "OOM when allocating") if count > 4 else MemoryError

    assert fitting_rows(rows, attempt) == fits
    assert tried == [rows >> power for power in range(1, len(tried) + 1)]


def test_the_error_names_what_fits_whole_or_in_parts() -> None:
    from tasks.fit.memory import memory_error

    assert str(memory_error(32, fitting=6, parts=1, step=4)) == (
        "train.batch_size: found 32, for which memory ran out at step 4; allowed: 6 or less, which was tried and fits. "
        "Set it to 6, or compute it in parts: train.optimizer.accumulate_steps=6."
    )
    assert "allowed: 12 or less" in str(memory_error(32, fitting=6, parts=2, step=4))
    assert "not even one row does. Shorten the texts" in str(memory_error(32, fitting=0, parts=1, step=4))
