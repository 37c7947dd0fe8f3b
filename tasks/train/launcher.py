"""Starts the processes of a training, and starts all again from the last checkpoint when one dies or is stuck."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from infra.errors import MachineError, TrainingError
from infra.processes import Event
from tasks.data.references import Reference
from tasks.data.version import read_rows
from tasks.lessons.config import TrainOptions
from tasks.train.spec import Role, TrainSpec
from tasks.train.team.machine import ThisMachine
from tasks.train.team.seats import Place, Seat, usable_cores
from tasks.train.team.team import OnEvent, PortTaken, Team, TeamFailed

log = logging.getLogger(__name__)
_PORT_ATTEMPTS = 5


def train(
    options: TrainOptions,
    *,
    dataset_path: str,
    dataset_digest: str,
    weights: Path | None,
    work: Path,
    package: Path | None,
    log_folder: Path,
    on_event: OnEvent | None = None,
    place: Place | None = None,
) -> dict[str, Any]:
    """Train on the train split of a data set version, and write a model package to `package`, if there is such.

    Called again with the same `work` folder after a kill, it goes on from the last checkpoint there. Processes run
    in `place`, which is this machine unless another is given.

    Returns:
        `loss` of the last epoch, `steps`, `rows`, `fit_seconds`, `workers` and `restarts`.

    Raises:
        DataError: there is too little to learn from.
        MachineError: there are no ports, or no machine that has the data set.
        TrainingError: the loss is not a number, processes died more than `options.max_restarts` times, or time is up.
    """
    rows = read_rows(Reference(path=dataset_path, digest=dataset_digest), "train", ["row_id"]).num_rows
    workers = worker_count(options, rows)
    roles, place = roles_of(options, workers), place or ThisMachine()
    give_up_at = time.monotonic() + options.deadline_minutes * 60 if options.deadline_minutes else float("inf")
    work.mkdir(parents=True, exist_ok=True)

    def team(restarts_left: int) -> Team:
        seats = place.seats(roles, [path for path in (Path(dataset_path), work, weights) if path])
        cluster = cluster_of(roles, seats)
        specs = [
            TrainSpec(
                options=options,
                dataset_path=dataset_path,
                dataset_digest=dataset_digest,
                weights=weights,
                work=work,
                package=package,
                role=role,
                worker=cluster[role].index(seat.address),
                cluster=cluster,
                cores=seat.cores,
            )
            for role, seat in zip(roles, seats, strict=True)
        ]
        return Team(place, seats, specs, log_folder, on_event, restarts_left, give_up_at)

    result, restarts = run_to_the_end(team, options.max_restarts, log_folder)
    return {**result, "workers": workers, "restarts": restarts}


def run_to_the_end(team: Callable[[int], Team], max_restarts: int, log_folder: Path) -> tuple[Event, int]:
    """Run one team after the other until one has a result; returns it and how often processes were started again.

    Args:
        team: makes the next one, on ports that are free now, given how many restarts are left.
        max_restarts: a port that somebody else took in between is none.
    """
    restarts, taken = 0, 0
    while True:
        current = team(max_restarts - restarts)
        try:
            return current.run(), restarts + current.restarts
        except PortTaken as port:
            taken, restarts = taken + 1, restarts + current.restarts
            if taken == _PORT_ATTEMPTS:
                raise MachineError(
                    "ports for training",
                    found=f"{taken} times one that was taken before its use: {port}",
                    allowed="ports that stay free for some seconds",
                    action="See what else opens ports on this machine.",
                ) from None
            log.warning("%s; all start again on other ports", port)
        except TeamFailed as failure:
            restarts += current.restarts + 1
            if restarts > max_restarts:
                raise TrainingError(
                    f"training on {len(current.specs)} processes",
                    found=f"{restarts} failed attempts, the last one because {failure}",
                    allowed=f"train.max_restarts={max_restarts}",
                    action=f"Read the logs in {log_folder}; code -9 mostly means that memory ran out.",
                ) from None
            log.warning("%s; restart %d of %d from the last checkpoint", failure, restarts, max_restarts)


def worker_count(options: TrainOptions, rows: int) -> int:
    """As many as wanted, 0 meaning one a core and two at most, but never more than there are rows.

    One where training is private, or a reduction trains many networks one after the other.
    """
    is_reduction = options.mitigation.method == "exponentiated_gradient"
    if options.strategy == "single" or options.privacy.is_on or is_reduction:
        return 1
    cores = len(usable_cores())
    wanted = options.workers or min(2, cores)
    if wanted > max(1, rows):
        log.warning("train.workers: found %d for %d rows; taking one a row", wanted, rows)
    return max(1, min(wanted, rows))


def roles_of(options: TrainOptions, workers: int) -> tuple[Role, ...]:
    """The processes of a training, the chief first."""
    learning: tuple[Role, ...] = tuple("worker" for _ in range(workers))
    return ("chief", *learning, "ps") if options.strategy == "parameter_server" else learning


def cluster_of(roles: Sequence[Role], seats: Sequence[Seat]) -> dict[Role, tuple[str, ...]]:
    """The addresses by role."""
    cluster: dict[Role, tuple[str, ...]] = {}
    for role, seat in zip(roles, seats, strict=True):
        cluster[role] = (*cluster.get(role, ()), seat.address)
    return cluster
