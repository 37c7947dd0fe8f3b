"""Runs steps in order and keeps what each took."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from prefect import Task

from flows.models import run_exists
from flows.summary import StageSummary
from infra.progress import Progress, report, running
from tasks.data.references import Reference

P = ParamSpec("P")
R = TypeVar("R")


class Stages:
    """The stages of one run."""

    def __init__(self) -> None:
        self.done: list[StageSummary] = []

    def run(self, name: str, step: Task[P, R], *args: Any, valid: Callable[[R], bool] | None = None) -> R:
        """The step's result: a kept one if it is there and what it names still exists, else a new one.

        Raises:
            LeptonError: the one that the step met.
        """
        started = time.perf_counter()
        report(Progress(name, 0.0, 1.0))
        call: Any = step
        with running(name):
            state = call(*args, return_state=True)
            result: R = state.result()
            cached = state.name == "Cached"
            if cached and not (valid(result) if valid else _exists(result)):
                cached = False
                result = call.with_options(refresh_cache=True)(*args)
        self.done.append(StageSummary(name=name, seconds=round(time.perf_counter() - started, 3), cached=cached))
        report(Progress(name, 1.0, 1.0, "unchanged" if cached else ""))
        return result


def _exists(result: object) -> bool:
    run_id = getattr(result, "run_id", "")
    return (not isinstance(result, Reference) or result.exists()) and (not run_id or run_exists(run_id))
