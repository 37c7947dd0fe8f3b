"""How long queries take: one row at a time, and many together."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import pyarrow as pa

WARM_UP = 20
BATCH = 32
_BATCH_SHARE = 8  # a query in so many is timed again as a batch: these take longer, and vary less


def latency_metrics(
    predict: Callable[[pa.Table], object], rows: pa.Table, queries: int, threads: int = 1
) -> dict[str, float]:
    """Percentiles, in milliseconds, of `predict` on single rows and on batches of 32, each after a warm-up.

    The rows are spread evenly over `rows` and come again where there are fewer than `queries`. This thread keeps to as
    many cores as the runtime has `threads`, so that none is measured on the way from one core to another.
    """
    places = np.linspace(0, rows.num_rows, queries, endpoint=False).astype(int)
    firsts = places[::_BATCH_SHARE]
    batches = [rows.take((first + np.arange(BATCH)) % rows.num_rows) for first in firsts]
    with pinned(threads):
        singly = _percentiles(predict, [rows.slice(int(place), 1) for place in places], "")
        return singly | _percentiles(predict, batches, f"_batch{BATCH}")


@contextmanager
def pinned(threads: int) -> Iterator[None]:
    """Keep this thread, and those that it starts, to so many cores while the block runs, where the system can."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(cores)[:threads])
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)


def _percentiles(predict: Callable[[pa.Table], object], asked: list[pa.Table], suffix: str) -> dict[str, float]:
    for rows in asked[:WARM_UP]:
        predict(rows)
    seconds = [_seconds(predict, rows) for rows in asked]
    values = np.percentile(seconds, [50, 95, 99]) * 1e3
    return {f"latency_p{p}_ms{suffix}": float(value) for p, value in zip((50, 95, 99), values, strict=True)}


def _seconds(predict: Callable[[pa.Table], object], row: pa.Table) -> float:
    started = time.perf_counter()
    predict(row)
    return time.perf_counter() - started
