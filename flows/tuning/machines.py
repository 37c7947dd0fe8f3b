"""Where trials run: on this machine, or on those of a Dask cluster."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from infra.cores import share_variables
from infra.processes import Child
from infra.settings.clusters import ClusterSettings
from tasks.tune.running import Process


class Machines(Protocol):
    """Machines on which processes can be started."""

    def start(self, module: str, argument: str, log: Path, slot: int) -> Process:
        """Start `python -m module argument` as the one in `slot` (from 0) of those at a time."""


class ThisMachine:
    """Each process takes its share of this machine's cores."""

    def __init__(self, at_a_time: int) -> None:
        self.at_a_time = at_a_time

    def start(self, module: str, argument: str, log: Path, slot: int) -> Process:
        """Start it here."""
        return Child(module, argument, log, share_variables(slot, self.at_a_time))


@contextmanager
def machines_for(at_a_time: int) -> Iterator[Machines]:
    """The machines of the cluster that is set, else this one, while the block runs.

    Raises:
        ServerError: the cluster does not answer.
    """
    settings = ClusterSettings()
    if not settings.dask_scheduler:
        yield ThisMachine(at_a_time)
        return
    from infra.clusters.dask import dask_client
    from infra.clusters.dask_processes import DaskMachines

    with dask_client(settings) as client:
        yield DaskMachines(client, at_a_time)
