"""The hosts of a Dask cluster as the place of a training: each process is a child of a Dask worker."""

from __future__ import annotations

import logging
import os
import queue
import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from infra.errors import MachineError
from infra.processes import Child, Event
from tasks.train.spec import Role
from tasks.train.team.machine import MODULE
from tasks.train.team.seats import Seat, free_ports, shares, usable_cores

if TYPE_CHECKING:
    from distributed import Client

log = logging.getLogger(__name__)
ANSWER_SECONDS = 10.0
PATIENCE_SECONDS = 60.0
"""How long a cluster that has no worker that answers is waited for: one that was cut off may come back."""
END_SECONDS = 5.0
_TICK_SECONDS = 0.25
_ENDED, _LAST_WORDS = "ended", "last_words"
_VARIABLES = ("LEPTON_HOME", "LEPTON_CACHE")


class DaskHosts:
    """Processes on the hosts of a cluster, one on each Dask worker in turn.

    Every host must see the home at the same path, and have the same code and libraries.
    """

    def __init__(self, client: Client) -> None:
        self.client = client

    def seats(self, roles: Sequence[Role], needed: Sequence[Path]) -> tuple[Seat, ...]:
        """Spread over the Dask workers that answer; those of one host divide its cores.

        Raises:
            MachineError: none answers, or one does not see all that is `needed`.
        """
        found = self._answers(len(roles), needed)
        blind = [(worker, answer["missing"]) for worker, answer in found.items() if answer["missing"]]
        if blind:
            worker, missing = blind[0]
            raise MachineError(
                f"Dask worker {worker}",
                found=f"no {missing} there",
                allowed="a LEPTON_HOME on a file system that all hosts share",
                action="Mount it at the same path everywhere, or unset LEPTON_DASK_SCHEDULER.",
            )
        workers = [list(found)[place % len(found)] for place in range(len(roles))]
        return _seats(workers, roles, found)

    def start(self, seat: Seat, spec_file: Path, log: Path) -> RemoteProcess:
        """Have the Dask worker start a child process."""
        return RemoteProcess(self.client, seat.host, spec_file, log)

    def _answers(self, ports: int, needed: Sequence[Path]) -> dict[str, dict[str, Any]]:
        """What each Dask worker says of itself, of those that answer."""
        give_up_at = time.monotonic() + PATIENCE_SECONDS
        while True:
            found = self._ask(ports, needed)
            if found:
                return found
            if time.monotonic() > give_up_at:
                raise MachineError(
                    "Dask cluster",
                    found=f"no worker that answers within {PATIENCE_SECONDS:.0f} s",
                    allowed="one or more",
                    action="Start workers, or unset LEPTON_DASK_SCHEDULER.",
                )
            time.sleep(1.0)

    def _ask(self, ports: int, needed: Sequence[Path]) -> dict[str, dict[str, Any]]:
        from distributed import wait

        workers = sorted(self.client.scheduler_info(n_workers=-1)["workers"])
        asked = {
            worker: self.client.submit(
                survey,
                ports,
                _host(worker),
                [str(path) for path in needed],
                workers=[worker],
                allow_other_workers=False,
                pure=False,
            )
            for worker in workers
        }
        if asked:
            with suppress(TimeoutError):
                wait(list(asked.values()), timeout=ANSWER_SECONDS)  # type: ignore[no-untyped-call]
        found = {worker: future.result() for worker, future in asked.items() if future.status == "finished"}
        for worker in set(asked) - set(found):
            log.warning("Dask worker %s does not answer and is passed over", worker)
            asked[worker].cancel(force=True)  # type: ignore[no-untyped-call]
        return found


class RemoteProcess:
    """A child process of a Dask worker; its events come by way of the scheduler."""

    def __init__(self, client: Client, worker: str, spec_file: Path, log: Path) -> None:
        self.client, self.worker = client, worker
        self._topic = f"lepton-training-{uuid.uuid4().hex}"
        self._events: queue.Queue[Event] = queue.Queue()
        self._last_words = "ended with its Dask worker"
        self._is_up, self._is_over = threading.Event(), threading.Event()
        client.subscribe_topic(self._topic, self._hear)  # type: ignore[no-untyped-call]
        variables = {name: os.environ[name] for name in _VARIABLES if name in os.environ}
        self.future = client.submit(
            host_child,
            str(spec_file),
            str(log),
            self._topic,
            variables,
            key=self._topic,
            workers=[worker],
            allow_other_workers=False,
            retries=0,
            pure=False,
        )

    def read(self) -> Iterator[Event]:
        """Its events, until it has ended or nothing of it can be heard any more."""
        while True:
            try:
                event = self._events.get(timeout=1.0)
            except queue.Empty:
                if self.future.status in ("pending", "finished"):
                    continue  # the last event of a finished one may still be on its way
                return
            if _ENDED in event:
                self._last_words = event[_LAST_WORDS]
                return
            yield event

    def kill(self) -> None:
        """Have it ended; the Dask worker sees that nobody wants it any more."""
        with suppress(Exception):  # a cluster that is gone has no process of ours
            self.future.cancel(force=True)  # type: ignore[no-untyped-call]

    def close(self) -> None:
        """End it, wait until it has, if its host can still tell, and hear no more.

        On a host that was cut off it ends when the Dask worker there misses the scheduler.
        """
        self.kill()
        if self._is_up.is_set():
            self._is_over.wait(END_SECONDS)
        with suppress(Exception):
            self.client.unsubscribe_topic(self._topic)  # type: ignore[no-untyped-call]

    def last_words(self) -> str:
        """Its exit code and the end of its log, where the Dask worker could tell."""
        return f"on {self.worker} {self._last_words}"

    def _hear(self, event: tuple[float, Event]) -> None:
        self._is_up.set()
        if _ENDED in event[1]:
            self._is_over.set()
        self._events.put(event[1])


def survey(ports: int, host: str, needed: Sequence[str]) -> dict[str, Any]:
    """On a Dask worker: what the launcher must know of its host."""
    missing = ", ".join(path for path in needed if not Path(path).exists())
    return {"ports": free_ports(ports, host), "cores": usable_cores(), "missing": missing}


def host_child(spec_file: str, log_file: str, topic: str, variables: dict[str, str]) -> None:
    """On a Dask worker: run one process of a training until it ends or the launcher has no more use for it.

    A launcher that has died counts as that: the scheduler then drops its tasks.
    """
    from distributed import get_worker, secede

    worker = get_worker()
    secede()  # type: ignore[no-untyped-call]  # other tasks may run beside this one
    child = Child(MODULE, spec_file, Path(log_file), variables)
    listener = threading.Thread(target=_relay, args=(child, worker, topic), daemon=True)
    listener.start()
    try:
        while child.process.poll() is None and _is_wanted(worker, topic):
            time.sleep(_TICK_SECONDS)
    finally:
        child.process.kill()
        child.process.wait()
        listener.join(timeout=ANSWER_SECONDS)
        words = f"ended with code {child.process.returncode}: {child.last_lines()}"
        worker.log_event(topic, {_ENDED: True, _LAST_WORDS: words})
        child.stop()


def _relay(child: Child, worker: Any, topic: str) -> None:
    with suppress(ValueError):  # a line cut off, because the child was killed
        for event in child.read():
            worker.log_event(topic, event)


def _is_wanted(worker: Any, key: str) -> bool:
    task = worker.state.tasks.get(key)
    return task is not None and task.state not in ("cancelled", "released", "forgotten")


def _seats(workers: Sequence[str], roles: Sequence[Role], found: dict[str, dict[str, Any]]) -> tuple[Seat, ...]:
    """Ports and cores by host, so that Dask workers on one host do not give out the same."""
    seats: dict[int, Seat] = {}
    for host in {_host(worker) for worker in workers}:
        places = [place for place, worker in enumerate(workers) if _host(worker) == host]
        answer = found[workers[places[0]]]
        cores = shares([roles[place] for place in places], answer["cores"])
        for place, port, share in zip(places, answer["ports"], cores, strict=False):
            seats[place] = Seat(workers[place], f"{host}:{port}", share)
    return tuple(seats[place] for place in range(len(workers)))


def _host(worker: str) -> str:
    """The host of a Dask worker's address, such as `tcp://10.0.0.2:4711`."""
    return worker.split("://", 1)[-1].rsplit(":", 1)[0]
