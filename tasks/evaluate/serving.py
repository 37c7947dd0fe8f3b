"""The child process that does nothing but answer: `python -m tasks.evaluate.serving SPEC`.

A fresh one, as threads belong to a process, and so does memory: what measures quality holds more than a server would.
"""

from __future__ import annotations

import resource
import sys

from infra.environment import configure
from infra.processes import Event, child_main
from tasks.data.version import read_rows
from tasks.evaluate.latency import latency_metrics, pinned
from tasks.evaluate.spec import EvaluateSpec
from tasks.runtime.predictor import load

_UNIT = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss, see getrusage(2)


def serve(spec: EvaluateSpec, threads: int) -> dict[str, float]:
    """Latencies on so many threads, and the most memory that the process had, TensorFlow's own included."""
    rows = read_rows(spec.dataset, "test")
    with pinned(threads):  # before the runtime starts its threads, which inherit it
        predictor = load(spec.package, threads)
        latencies = latency_metrics(predictor.predict, rows, spec.options.latency_queries, threads)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _UNIT
    return {**{f"{name}_threads{threads}": value for name, value in latencies.items()}, "memory_mb": peak / 1e6}


def work(spec: str) -> Event:
    """`{"metrics": {...}}` for an EvaluateSpec in JSON, on its `other_threads`."""
    configure()
    read = EvaluateSpec.model_validate_json(spec)
    return {"metrics": serve(read, read.options.other_threads)}


if __name__ == "__main__":
    child_main(work)
