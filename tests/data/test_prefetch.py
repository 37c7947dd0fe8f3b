from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from tasks.data.prefetch import prefetched


def test_items_come_in_order_and_are_made_in_another_thread() -> None:
    made = prefetched((number, threading.get_ident()) for number in range(50))
    numbers, threads = zip(*made, strict=True)
    assert list(numbers) == list(range(50))
    assert set(threads) != {threading.get_ident()} and len(set(threads)) == 1


def test_an_error_comes_where_its_item_would() -> None:
    def items() -> Iterator[int]:
        yield 1
        yield 2
        raise ValueError("no third")

    seen = list[int]()
    with pytest.raises(ValueError, match="no third"):
        seen.extend(prefetched(items()))
    assert seen == [] or seen == [1, 2]
    stream = prefetched(items())
    assert [next(stream), next(stream)] == [1, 2]
    with pytest.raises(ValueError, match="no third"):
        next(stream)


def test_no_more_is_made_than_asked_ahead() -> None:
    made = list[int]()
    stream = prefetched((made.append(number) or number for number in range(100)), depth=2)  # type: ignore[func-returns-value]
    assert next(stream) == 0
    stream.close()  # type: ignore[attr-defined]
    assert len(made) <= 3
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("prefetch")]
