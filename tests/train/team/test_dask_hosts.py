"""Training on real Dask workers: processes of their own, on one network and on two."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from infra.errors import MachineError
from infra.processes import Event
from infra.settings.home import checkout
from tasks.data.references import DatasetRef
from tasks.train.team.dask_hosts import DaskHosts
from tests.train.conftest import Launch, tabular
from tests.train.team.namespaces import Namespaces


@contextmanager
def cluster(workers: int, threads: int = 1) -> Iterator[Any]:
    """A client of a scheduler and workers, each in a process of its own."""
    from distributed import Client, LocalCluster

    with (
        LocalCluster(n_workers=workers, threads_per_worker=threads, dashboard_address=":0") as local,  # type: ignore[no-untyped-call]
        Client(local) as client,  # type: ignore[no-untyped-call]
    ):
        yield client


def dask_workers() -> list[psutil.Process]:
    """Processes of trainings, whichever Dask worker they are children of."""
    below = psutil.Process().children(recursive=True)
    return [one for one in below if "tasks.train.worker" in " ".join(_words(one))]


def _words(process: psutil.Process) -> Sequence[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return ()


def test_seats_are_on_the_workers_in_turn_and_share_a_hosts_cores(tmp_path: Path) -> None:
    with cluster(2) as client:
        hosts = DaskHosts(client)
        seats = hosts.seats(("worker", "worker", "worker"), [tmp_path])

        assert seats[0].host == seats[2].host != seats[1].host
        assert len({seat.address for seat in seats}) == 3
        assert {seat.address.split(":")[0] for seat in seats} == {"127.0.0.1"}
        cores = tuple(sorted(os.sched_getaffinity(0)))
        assert {core for seat in seats for core in seat.cores} == set(cores[:3])
        with pytest.raises(
            MachineError, match=r"Dask worker tcp://.*: found no /nowhere there; allowed: a LEPTON_HOME"
        ):
            hosts.seats(("worker",), [tmp_path, Path("/nowhere")])


@pytest.mark.cluster
def test_workers_on_dask_train_and_a_killed_one_is_made_good(launch: Launch, dataset: DatasetRef) -> None:
    killed: list[int] = []

    def kill(event: Event) -> None:
        if "progress" in event and event["progress"]["done"] > 50 and not killed:
            killed.append(dask_workers()[-1].pid)
            os.kill(killed[0], signal.SIGKILL)

    with cluster(2) as client:
        result = launch(tabular(workers=2, epochs=80), dataset, on_event=kill, place=DaskHosts(client))
        assert (result["workers"], result["restarts"], result["steps"]) == (2, 1, 560)
        assert not dask_workers()


@pytest.mark.cluster
def test_when_the_launcher_dies_the_processes_on_dask_end(dataset: DatasetRef, tmp_path: Path) -> None:
    with cluster(2) as client:
        script = f"""
from pathlib import Path
from distributed import Client
from tests.train.conftest import tabular
from tasks.train.launcher import train
from tasks.train.team.dask_hosts import DaskHosts
folder = Path({str(tmp_path)!r})
train(tabular(workers=2, epochs=5000), dataset_path={dataset.path!r}, dataset_digest={dataset.digest!r}, weights=None,
      work=folder / "work", package=folder / "package", log_folder=folder / "logs",
      place=DaskHosts(Client({client.scheduler.address!r})))
"""
        launcher = subprocess.Popen([sys.executable, "-c", script], cwd=checkout())
        deadline = time.monotonic() + 120
        while len(dask_workers()) < 2:
            assert time.monotonic() < deadline
            time.sleep(0.1)
        started = dask_workers()
        launcher.kill()
        launcher.wait()

        _, alive = psutil.wait_procs(started, timeout=30)
        assert not alive


@pytest.mark.cluster
@pytest.mark.timeout(600)
def test_on_two_networks_a_host_that_is_cut_off_is_made_good(
    launch: Launch, dataset: DatasetRef, tmp_path: Path
) -> None:
    from distributed import Client

    with Namespaces(2) as hosts, _dask_on(hosts, tmp_path) as scheduler, Client(scheduler) as client:  # type: ignore[no-untyped-call]
        client.wait_for_workers(2, timeout=60)
        cut: list[float] = []

        class Mended(DaskHosts):
            """Lets the host come back when the team starts again."""

            def seats(self, *args: Any) -> Any:
                hosts.mend()
                return super().seats(*args)

        def harm(event: Event) -> None:
            if "progress" in event and event["progress"]["done"] > 50 and not cut:
                cut.append(time.monotonic())
                hosts.cut(1)

        result = launch(tabular(workers=2, epochs=80), dataset, on_event=harm, place=Mended(client))

        assert cut and (result["restarts"], result["steps"]) == (1, 560)


@contextmanager
def _dask_on(hosts: Namespaces, folder: Path) -> Iterator[str]:
    """A scheduler on the bridge, and a Dask worker in each namespace; its address."""
    scheduler = f"tcp://10.199.{hosts.number}.1:8786"
    dask = [sys.executable, "-m", "distributed.cli"]
    log = (folder / "dask.log").open("wb")
    options: dict[str, Any] = {"cwd": checkout(), "stdout": log, "stderr": log}
    started = [
        subprocess.Popen(
            [*dask[:2], "distributed.cli.dask_scheduler", "--host", scheduler, "--no-dashboard"], **options
        )
    ]
    try:
        for host in range(len(hosts.names)):
            words = ["distributed.cli.dask_worker", scheduler, "--no-nanny", "--nthreads", "1", "--no-dashboard"]
            place = ["--host", hosts.address(host), "--local-directory", str(folder / f"dask{host}")]
            started.append(hosts.popen(host, [*dask[:2], *words, *place], **options))
        yield scheduler
    finally:
        for process in started:
            process.kill()
            process.wait()
        log.close()
