"""Starts the peer's processes, and starts all again when one dies, as a minimal supervisor would."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flows.bench.keras_fit import FitSpec
from infra.errors import LeptonError, from_dict
from infra.processes import Child
from tasks.data.references import DatasetRef
from tasks.lessons.config import TrainOptions
from tasks.train.team.seats import free_ports

MODULE = "flows.bench.keras_fit"
_LOOK_SECONDS = 0.1
OnEvent = Callable[[Mapping[str, Any]], None]


@dataclass
class KerasTeam:
    """One training by Keras, a process a core.

    Attributes:
        backup: folder for BackupAndRestore, where the chief writes and all read; None: no backups.
        children: the processes of the attempt that runs.
    """

    options: TrainOptions
    dataset: DatasetRef
    weights: Path
    cores: Collection[int]
    logs: Path
    backup: Path | None = None
    children: tuple[Child, ...] = ()

    def run(self, on_event: OnEvent, most_attempts: int = 1, enough: Callable[[], bool] = lambda: False) -> None:
        """Train to the end, or until it is `enough`, starting all again as soon as one has died.

        Raises:
            LeptonError: the one that a process met.
            RuntimeError: no attempt came to its end.
        """
        for _ in range(most_attempts):
            if self._attempt(on_event, enough):
                return
        words = "; ".join(child.last_lines() for child in self.children)
        raise RuntimeError(f"Keras did not come to an end in {most_attempts} attempts: {words}")

    def _attempt(self, on_event: OnEvent, enough: Callable[[], bool]) -> bool:
        ports = free_ports(len(self.cores))
        with ExitStack() as stack:
            self.children = tuple(
                Child(MODULE, self._spec(worker, core, ports).model_dump_json(), self.logs / f"keras-{worker}.log")
                for worker, core in enumerate(sorted(self.cores))
            )
            for child in self.children:
                stack.callback(child.stop, grace_seconds=0.0)
            return self._watch(on_event, enough)

    def _watch(self, on_event: OnEvent, enough: Callable[[], bool]) -> bool:
        """Until all have ended, one has died, or it is enough; whether it was not a death."""
        ended, errors = list[bool](), list[LeptonError]()
        changed = threading.Condition()

        def listen(child: Child) -> None:
            has_result = False
            try:
                for event in child.read():
                    has_result = has_result or "result" in event
                    if "error" in event:
                        errors.append(from_dict(event))
                    on_event(event)
            except ValueError:
                pass  # the pipe was closed because another one died
            with changed:
                ended.append(has_result)
                changed.notify()

        for child in self.children:
            threading.Thread(target=listen, args=(child,), daemon=True).start()
        with changed:
            while not enough() and all(ended) and len(ended) < len(self.children):
                changed.wait(_LOOK_SECONDS)
            if errors:
                raise errors[0]
            return all(ended)

    def _spec(self, worker: int, core: int, ports: tuple[int, ...]) -> FitSpec:
        return FitSpec(
            options=self.options,
            dataset_path=self.dataset.path,
            dataset_digest=self.dataset.digest,
            weights=self.weights,
            backup=str(self.backup) if self.backup else "",
            worker=worker,
            ports=ports,
            core=core,
        )
