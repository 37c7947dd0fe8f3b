from __future__ import annotations

import time

import pyarrow as pa

from tasks.evaluate.latency import WARM_UP, latency_metrics


def test_single_rows_spread_over_the_table_after_a_warm_up() -> None:
    seen: list[list[int]] = []
    latency_metrics(lambda row: seen.append(row.column("place").to_pylist()), pa.table({"place": range(100)}), 25)
    assert seen[WARM_UP:] == [[place] for place in range(0, 100, 4)]
    assert seen[:WARM_UP] == seen[WARM_UP : 2 * WARM_UP]


def test_fewer_rows_than_queries_come_again() -> None:
    seen: list[int] = []
    latency_metrics(lambda row: seen.extend(row.column("place").to_pylist()), pa.table({"place": [0, 1]}), 20)
    assert seen[WARM_UP:] == [0] * 10 + [1] * 10


def test_percentiles_are_in_milliseconds() -> None:
    slow = iter([False] * (WARM_UP + 30) + [True] * 10)
    metrics = latency_metrics(lambda row: time.sleep(0.03 if next(slow) else 0.001), pa.table({"a": [0]}), 40)
    assert 1 <= metrics["latency_p50_ms"] < 20
    assert metrics["latency_p50_ms"] < metrics["latency_p95_ms"] <= metrics["latency_p99_ms"]
    assert metrics["latency_p99_ms"] >= 30
