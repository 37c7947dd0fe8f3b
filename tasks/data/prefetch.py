"""Items made in a thread of their own while the ones before are used: Arrow and Polars work beside Python."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from typing import Any, TypeVar

Item = TypeVar("Item")
_END: Any = object()


def prefetched(items: Iterable[Item], depth: int = 2) -> Iterator[Item]:
    """The same items in order, up to `depth` of them ahead; an error comes where the item would have come."""
    iterator, context = iter(items), copy_context()
    with ThreadPoolExecutor(1, thread_name_prefix="prefetch") as thread:

        def order() -> Future[Item]:
            return thread.submit(lambda: context.run(next, iterator, _END))

        waiting = deque(order() for _ in range(depth))
        while (item := waiting.popleft().result()) is not _END:
            waiting.append(order())
            yield item
