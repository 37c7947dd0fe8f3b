"""How long one query takes."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import pyarrow as pa

WARM_UP = 20


def latency_metrics(predict: Callable[[pa.Table], object], rows: pa.Table, queries: int) -> dict[str, float]:
    """Percentiles, in milliseconds, of single rows through `predict`, after a warm-up.

    The rows are spread evenly over `rows` and come again where there are fewer than `queries`.
    """
    places = np.linspace(0, rows.num_rows, queries, endpoint=False).astype(int)
    singles = [rows.slice(int(place), 1) for place in places]
    for single in singles[:WARM_UP]:
        predict(single)
    seconds = [_seconds(predict, single) for single in singles]
    p50, p95, p99 = np.percentile(seconds, [50, 95, 99]) * 1e3
    return {"latency_p50_ms": float(p50), "latency_p95_ms": float(p95), "latency_p99_ms": float(p99)}


def _seconds(predict: Callable[[pa.Table], object], row: pa.Table) -> float:
    started = time.perf_counter()
    predict(row)
    return time.perf_counter() - started
