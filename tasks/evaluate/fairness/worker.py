"""The child process that compares ways of training: `python -m tasks.evaluate.fairness.worker SPEC`."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from infra.environment import configure
from infra.processes import Event, child_main
from tasks.data.references import DatasetRef
from tasks.evaluate.config import EvaluateOptions
from tasks.evaluate.fairness.tradeoff import Way, measure_ways


class TradeOffSpec(BaseModel):
    """Compare `ways` on the test rows of `dataset`; write into the directory `into`."""

    model_config = ConfigDict(frozen=True)

    options: EvaluateOptions
    ways: tuple[Way, ...]
    dataset: DatasetRef
    into: Path


def work(spec: str) -> Event:
    """`{"ways": n}`, how many are in the report, for a TradeOffSpec in JSON."""
    configure()
    read = TradeOffSpec.model_validate_json(spec)
    return {"ways": len(measure_ways(read.options, read.ways, read.dataset, read.into).ways)}


if __name__ == "__main__":
    child_main(work)
