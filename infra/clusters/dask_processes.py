"""Child processes on the machines of a Dask cluster: started by a task there, ended when the task is cancelled.

Dask cancels a task when its client says so, and when its client is gone, however it went: a process here that is killed
leaves no processes there. The home must lie on a disk that all machines see.
"""

from __future__ import annotations

import queue
import threading
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from infra.cores import share_variables
from infra.errors import MachineError, ServerError
from infra.processes import Child, Event, last_lines

if TYPE_CHECKING:
    from distributed import Client, Future

_POLL_SECONDS = 0.25
_ALIVE_SECONDS = 5.0
_STOP_SECONDS = 10.0
_ENDED = "ended"


class DaskMachines:
    """Starts processes on a cluster's workers, on those first that run the fewest.

    Args:
        at_a_time: how many there will be, for their shares of the cores.
    """

    def __init__(self, client: Client, at_a_time: int) -> None:
        self.client, self.at_a_time = client, at_a_time
        self._busy: Counter[str] = Counter()

    def start(self, module: str, argument: str, log: Path, slot: int) -> DaskProcess:
        """Start `python -m module argument` there.

        Raises:
            ServerError: the cluster has no workers.
        """
        hosts = _workers(self.client)
        if not hosts:
            raise ServerError(
                "Dask scheduler",
                found="no workers",
                allowed="one worker or more",
                action="Start some with `dask worker`, or unset LEPTON_DASK_SCHEDULER.",
            )
        address = min(sorted(hosts), key=lambda one: self._busy[one])
        beside = sorted(other for other, host in hosts.items() if host == hosts[address])
        rounds = -(-self.at_a_time // len(hosts))
        share = beside.index(address) + self._busy[address] % rounds * len(beside)
        self._busy[address] += 1
        variables = share_variables(share, rounds * len(beside))
        process = DaskProcess(self.client, address, module, argument, log, variables)
        process.when_ended(lambda: self._busy.subtract([address]))
        return process


class DaskProcess:
    """One such process; like infra.processes.Child to whom reads it."""

    def __init__(
        self, client: Client, address: str, module: str, argument: str, log: Path, variables: Mapping[str, str]
    ) -> None:
        self.client, self.address, self.log = client, address, log
        self.topic = f"lepton-{uuid.uuid4().hex}"
        self._events: queue.Queue[Event] = queue.Queue()
        self._has_ended = threading.Event()
        client.subscribe_topic(  # type: ignore[no-untyped-call]
            self.topic, lambda message: self._events.put(message[1])
        )
        self._future: Future[None] = client.submit(
            _run_here,
            module,
            argument,
            str(log),
            dict(variables),
            self.topic,
            key=self.topic,
            workers=[address],
            retries=0,
            pure=False,
        )

    def when_ended(self, call: Callable[[], None]) -> None:
        """Have `call` called once when it has ended."""

        def wait() -> None:
            self._has_ended.wait()
            call()

        threading.Thread(target=wait, daemon=True).start()

    def read(self) -> Iterator[Event]:
        """Events until it has ended, or its worker is gone."""
        while not self._has_ended.is_set():
            try:
                event = self._events.get(timeout=_ALIVE_SECONDS)
            except queue.Empty:
                if self.address in _workers(self.client) and self._future.status == "pending":
                    continue
                if self._future.status == "error":
                    yield _broken(self.address, self._future.exception()).to_dict()  # type: ignore[no-untyped-call]
                break
            if _ENDED in event:
                break
            yield event
        self._has_ended.set()

    def stop(self) -> None:
        """End it, and wait until it has."""
        self._future.cancel()  # type: ignore[no-untyped-call]
        self._has_ended.wait(_STOP_SECONDS)
        self._has_ended.set()
        self.client.unsubscribe_topic(self.topic)  # type: ignore[no-untyped-call]

    def last_lines(self) -> str:
        """The end of its log."""
        return last_lines(self.log)


def _workers(client: Client) -> dict[str, str]:
    """The addresses of all workers, with their hosts."""
    return {address: one["host"] for address, one in client.scheduler_info(n_workers=-1)["workers"].items()}


def _run_here(module: str, argument: str, log: str, variables: dict[str, str], topic: str) -> None:
    """On a worker: run the process, send its events on, and end it if the task is cancelled."""
    from distributed import get_worker

    worker = get_worker()
    key = worker.get_current_task()
    if not Path(argument).exists():
        worker.log_event(topic, _no_home(argument).to_dict())
        worker.log_event(topic, {_ENDED: True})
        return
    child = Child(module, argument, Path(log), {"LEPTON_DASK_SCHEDULER": "", **variables})
    over = threading.Event()

    def end_if_cancelled() -> None:
        while not over.wait(_POLL_SECONDS):
            task = worker.state.tasks.get(key)
            if task is None or task.state == "cancelled":
                child.process.kill()
                return

    threading.Thread(target=end_if_cancelled, daemon=True).start()
    try:
        for event in child.read():
            worker.log_event(topic, event)
    finally:
        over.set()
        child.stop()
        worker.log_event(topic, {_ENDED: True})


def _no_home(file: str) -> MachineError:
    return MachineError(
        "a worker of the Dask cluster",
        found=f"no file {file}",
        allowed="a home on a disk that all its machines see",
        action="Set LEPTON_HOME to such a folder, or unset LEPTON_DASK_SCHEDULER.",
    )


def _broken(address: str, error: object) -> MachineError:
    return MachineError(
        f"Dask worker {address}",
        found=f"an error: {error}",
        allowed="a worker with the same Lepton as here",
        action="Read the worker's log.",
    )
