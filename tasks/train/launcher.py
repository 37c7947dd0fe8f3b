"""Starts the training workers, watches all at once, and starts all again from the last checkpoint when one dies."""

from __future__ import annotations

import logging
import os
import queue
import socket
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from infra.errors import TrainingError, from_dict
from infra.processes import Child, Event
from tasks.data.references import Reference
from tasks.data.version import read_rows
from tasks.train.config import TrainOptions
from tasks.train.spec import TrainSpec

log = logging.getLogger(__name__)
MODULE = "tasks.train.worker"
START_SECONDS = 300.0
"""How long all workers may take to their first step: imports, weights, meeting each other, compiling the step."""
OnEvent = Callable[[Event], None]


class WorkerDied(Exception):
    """A worker ended without a result, or did not start."""


def train(
    options: TrainOptions,
    *,
    dataset_path: str,
    dataset_digest: str,
    weights: Path | None,
    work: Path,
    package: Path,
    log_folder: Path,
    on_event: OnEvent | None = None,
) -> dict[str, Any]:
    """Train on the train split of a data set version, and write a model package to `package`.

    Called again with the same `work` folder after a kill, it goes on from the last checkpoint there.

    Returns:
        `loss` of the last epoch, `steps`, `rows`, `fit_seconds`, `workers` and `restarts`.

    Raises:
        DataError: there is too little to learn from.
        TrainingError: the loss is not a number, or workers died more than `options.max_restarts` times.
    """
    dataset = Reference(path=dataset_path, digest=dataset_digest)
    workers = worker_count(options.workers, read_rows(dataset, "train", ["row_id"]).num_rows)
    work.mkdir(parents=True, exist_ok=True)
    for attempt in range(options.max_restarts + 1):
        ports = free_ports(workers)
        specs = [
            TrainSpec(
                options=options,
                dataset_path=dataset_path,
                dataset_digest=dataset_digest,
                weights=weights,
                work=work,
                package=package,
                worker=worker,
                ports=ports,
                cores=cores_of(worker, workers),
            )
            for worker in range(workers)
        ]
        try:
            return {**run_team(specs, log_folder, on_event), "workers": workers, "restarts": attempt}
        except WorkerDied as death:
            last_death = death
            log.warning("%s; attempt %d of %d", death, attempt + 1, options.max_restarts + 1)
    raise TrainingError(
        f"training on {workers} workers",
        found=f"{options.max_restarts + 1} failed attempts, the last one because {last_death}",
        allowed=f"train.max_restarts={options.max_restarts}",
        action=f"Read the logs in {log_folder}; code -9 mostly means that memory ran out.",
    )


def run_team(specs: list[TrainSpec], log_folder: Path, on_event: OnEvent | None = None) -> Event:
    """Run one process a spec to its end and return the chief's result.

    Raises:
        LeptonError: the one that a worker met.
        WorkerDied: a worker ended otherwise, or did not come to its first step in time.
    """
    with ExitStack() as stack:
        children = []
        for spec in specs:
            children.append(_start(spec, log_folder))
            stack.callback(children[-1].stop)
        stack.callback(_kill, children)  # all at once, before any is waited for
        return _watch(children, on_event)


def worker_count(wanted: int, rows: int) -> int:
    """As many as wanted, 0 meaning one a core and two at most, but never more than there are rows."""
    return max(1, min(wanted or min(2, len(usable_cores())), rows))


def cores_of(worker: int, workers: int) -> tuple[int, ...]:
    """A worker's share of the cores that this process may use; where they are too few, workers share them."""
    cores = usable_cores()
    return cores[worker::workers] if workers <= len(cores) else (cores[worker % len(cores)],)


def free_ports(count: int) -> tuple[int, ...]:
    """Ports on loopback that nobody listens on now."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return tuple(one.getsockname()[1] for one in sockets)


def usable_cores() -> tuple[int, ...]:
    """The cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return tuple(sorted(os.sched_getaffinity(0)))
    return tuple(range(os.cpu_count() or 1))


def _start(spec: TrainSpec, log_folder: Path) -> Child:
    file = spec.work / f"worker-{spec.worker}.json"
    file.write_text(spec.model_dump_json(indent=2), encoding="utf-8")
    return Child(MODULE, str(file), log_folder / f"worker-{spec.worker}.log")


def _kill(children: list[Child]) -> None:
    for child in children:
        child.process.kill()


def _watch(children: list[Child], on_event: OnEvent | None) -> Event:
    events = _events(children)
    waiting = set(range(len(children)))  # workers that did not come to their first step yet
    results: dict[int, Event] = {}
    deadline = time.monotonic() + START_SECONDS
    while len(results) < len(children):
        worker, event = _next(events, deadline if waiting else None, waiting)
        if event is None:
            if worker not in results:
                raise WorkerDied(_obituary(worker, children[worker]))
        elif "error" in event:
            raise from_dict(event)
        elif "result" in event:
            results[worker] = event["result"]
            waiting.discard(worker)
        elif "started" in event:
            waiting.discard(worker)
        elif on_event:
            on_event(event)
    return results[0]


def _next(
    events: queue.Queue[tuple[int, Event | None]], deadline: float | None, waiting: set[int]
) -> tuple[int, Event | None]:
    try:
        return events.get(timeout=None if deadline is None else max(0.0, deadline - time.monotonic()))
    except queue.Empty:
        names = ", ".join(str(worker) for worker in sorted(waiting))
        raise WorkerDied(f"worker {names} took no step within {START_SECONDS:.0f} seconds") from None


def _events(children: list[Child]) -> queue.Queue[tuple[int, Event | None]]:
    """What all children send, with their numbers; None when a child has ended."""
    events: queue.Queue[tuple[int, Event | None]] = queue.Queue()

    def forward(worker: int, child: Child) -> None:
        try:
            for event in child.read():
                events.put((worker, event))
        except ValueError:
            pass  # a line cut off, or the pipe closed, because the child was stopped
        events.put((worker, None))

    for worker, child in enumerate(children):
        threading.Thread(target=forward, args=(worker, child), daemon=True).start()
    return events


def _obituary(worker: int, child: Child) -> str:
    code = child.process.wait()
    return f"worker {worker} ended with code {code}: {child.last_lines()}"
