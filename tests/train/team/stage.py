"""A place whose processes act what a test says, see `actor`, and a launcher that runs them."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

from infra.processes import Child, Event
from tasks.train.launcher import cluster_of, roles_of, run_to_the_end
from tasks.train.spec import TrainSpec
from tasks.train.team.machine import LocalProcess, ThisMachine
from tasks.train.team.seats import Seat
from tasks.train.team.team import Team
from tests.train.conftest import tabular


class Actor(LocalProcess):
    def __init__(self, spec_file: Path, log: Path) -> None:
        self.child = Child("tests.train.team.actor", str(spec_file), log)


class Stage(ThisMachine):
    def start(self, seat: Seat, spec_file: Path, log: Path) -> LocalProcess:
        return Actor(spec_file, log)


def play(
    folder: Path,
    acts: Mapping[str, str],
    max_restarts: int = 1,
    workers: int = 2,
    seconds: float = 60.0,
    **options: object,
) -> tuple[Event, int]:
    """Run actors to the end: by role and number, what each does in one attempt after the other."""
    place, settings, work = Stage(), tabular(**options), folder / "work"
    work.mkdir()
    for name, words in acts.items():
        (work / f"{name}.act").write_text(words)
    roles, give_up_at = roles_of(settings, workers), time.monotonic() + seconds

    def team(restarts_left: int) -> Team:
        seats = place.seats(roles, [folder])
        cluster = cluster_of(roles, seats)
        specs = [
            TrainSpec(
                options=settings,
                dataset_path="",
                dataset_digest="",
                weights=None,
                work=work,
                package=folder,
                role=role,
                worker=cluster[role].index(seat.address),
                cluster=cluster,
                cores=seat.cores,
            )
            for role, seat in zip(roles, seats, strict=True)
        ]
        return Team(place, seats, specs, folder / "logs", None, restarts_left, give_up_at)

    return run_to_the_end(team, max_restarts, folder / "logs")
