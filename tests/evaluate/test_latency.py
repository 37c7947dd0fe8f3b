from __future__ import annotations

import os
import time

import pyarrow as pa
import pytest

from tasks.evaluate.latency import BATCH, WARM_UP, latency_metrics, pinned


def asked(rows: pa.Table, queries: int) -> tuple[list[list[int]], list[list[int]]]:
    """Which single rows were asked about, and which batches."""
    seen: list[list[int]] = []
    latency_metrics(lambda row: seen.append(row.column("place").to_pylist()), rows, queries)
    return [each for each in seen if len(each) == 1], [each for each in seen if len(each) > 1]


def test_single_rows_spread_over_the_table_after_a_warm_up() -> None:
    singles, batches = asked(pa.table({"place": range(100)}), 25)
    assert singles[WARM_UP:] == [[place] for place in range(0, 100, 4)]
    assert singles[:WARM_UP] == singles[WARM_UP : 2 * WARM_UP]
    assert batches[:4] == batches[4:]  # the warm-up takes all that there are
    assert batches[1] == list(range(32, 32 + BATCH))
    assert batches[3] == [*range(96, 100), *range(28)]


def test_fewer_rows_than_queries_come_again() -> None:
    singles, batches = asked(pa.table({"place": [0, 1]}), 20)
    assert singles[WARM_UP:] == [[0]] * 10 + [[1]] * 10
    assert batches[0] == [0, 1] * (BATCH // 2)


def test_percentiles_are_in_milliseconds() -> None:
    slow = iter([False] * (WARM_UP + 30) + [True] * 10 + [False] * 10)
    metrics = latency_metrics(lambda row: time.sleep(0.03 if next(slow) else 0.001), pa.table({"a": [0]}), 40)
    assert 1 <= metrics["latency_p50_ms"] < 20
    assert metrics["latency_p50_ms"] < metrics["latency_p95_ms"] <= metrics["latency_p99_ms"]
    assert metrics["latency_p99_ms"] >= 30
    assert 1 <= metrics["latency_p50_ms_batch32"] <= metrics["latency_p99_ms_batch32"] < 30


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="needs a system that can pin threads")
def test_a_thread_keeps_to_as_many_cores_as_it_has_threads() -> None:
    before = os.sched_getaffinity(0)
    seen: list[int] = []
    latency_metrics(lambda row: seen.append(len(os.sched_getaffinity(0))), pa.table({"a": [0]}), 20, threads=1)
    assert set(seen) == {1}
    with pytest.raises(RuntimeError), pinned(1):
        raise RuntimeError
    assert os.sched_getaffinity(0) == before
