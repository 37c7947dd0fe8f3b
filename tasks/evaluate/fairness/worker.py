"""The child process that compares ways of training: `python -m tasks.evaluate.fairness.worker SPEC`."""

from __future__ import annotations

from infra.environment import configure
from infra.processes import Event, child_main
from tasks.evaluate.fairness.spec import TradeOffSpec
from tasks.evaluate.fairness.tradeoff import measure_ways


def work(spec: str) -> Event:
    """`{"ways": n}`, how many are in the report, for a TradeOffSpec in JSON."""
    configure()
    read = TradeOffSpec.model_validate_json(spec)
    return {"ways": len(measure_ways(read.options, read.ways, read.dataset, read.into).ways)}


if __name__ == "__main__":
    child_main(work)
