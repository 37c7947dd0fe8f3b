"""One attempt at a training: its processes, from their start to the result."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from infra.errors import TrainingError, from_dict
from infra.processes import Event
from tasks.train.spec import TrainSpec
from tasks.train.team.journal import Journal
from tasks.train.team.pulse import Pulses
from tasks.train.team.seats import Place, Process, Seat

log = logging.getLogger(__name__)
OnEvent = Callable[[Event], None]
_TICK_SECONDS = 0.25
_SUSPECT_SECONDS = 4.0
"""TensorFlow's own watch may end a worker for the silence of another just before ours does."""


class TeamFailed(Exception):
    """A process that the others need died or is stuck: all must start again from the last checkpoint."""


class PortTaken(Exception):
    """Somebody else took a port between its choice and its use."""


@dataclass
class Member:
    """One process of a team, with all that is needed to start it again."""

    number: int
    spec: TrainSpec
    seat: Seat
    process: Process
    journal: Journal
    result: Event | None = None


@dataclass
class Team:
    """The processes of one attempt.

    Attributes:
        restarts_left: how often a process that the others can do without may be started again by itself.
        give_up_at: by `time.monotonic`.
        restarts: how often one was.
    """

    place: Place
    seats: Sequence[Seat]
    specs: Sequence[TrainSpec]
    log_folder: Path
    on_event: OnEvent | None = None
    restarts_left: int = 0
    give_up_at: float = float("inf")
    restarts: int = 0
    _members: list[Member] = field(default_factory=list)
    _events: queue.Queue[tuple[Process, int, Event | None]] = field(default_factory=queue.Queue)

    def run(self) -> Event:
        """Start all, watch all, and return the chief's result when every one that has one gave it.

        Raises:
            LeptonError: the one that a process met.
            TeamFailed: a process that the others need ended without a result, or is stuck.
            PortTaken: the team must start again on other ports.
        """
        with ExitStack() as stack:
            stack.callback(self._end)
            for number, (spec, seat) in enumerate(zip(self.specs, self.seats, strict=True)):
                self._members.append(self._start(number, spec, seat))
            self._pulses = Pulses({member.number: member.spec.name for member in self._members})
            while any(member.result is None for member in self._members if member.spec.has_result):
                self._take_next()
                self._check()
            return self._members[0].result or {}

    def _start(self, number: int, spec: TrainSpec, seat: Seat) -> Member:
        file = spec.work / f"{spec.file_name}.json"
        file.write_text(spec.model_dump_json(indent=2), encoding="utf-8")
        log_file = self.log_folder / f"{spec.file_name}.log"
        journal = Journal(spec.name, log_file)
        process = self.place.start(seat, file, log_file)
        threading.Thread(target=self._listen, args=(process, number), daemon=True).start()
        return Member(number, spec, seat, process, journal)

    def _listen(self, process: Process, number: int) -> None:
        try:
            for event in process.read():
                self._events.put((process, number, event))
        finally:
            self._events.put((process, number, None))

    def _end(self) -> None:
        for member in self._members:
            member.process.kill()  # all at once, before any is waited for
        for member in self._members:
            member.process.close()
            member.journal.forward(to_end=True)

    def _take_next(self) -> None:
        """Take in what came until now, or within a tick."""
        wait = True
        while True:
            try:
                process, number, event = self._events.get(timeout=_TICK_SECONDS) if wait else self._events.get_nowait()
            except queue.Empty:
                return
            wait = False
            member = self._members[number]
            if member.process is process:  # else it is of one that was started again since
                self._take(member, event)

    def _take(self, member: Member, event: Event | None) -> None:
        if event is None:
            if member.result is None:
                self._lost(member, self._obituary(member))
        elif "beat" in event:
            self._pulses.hear(member.number, event["beat"])
        elif "started" in event:
            self._pulses.start(member.number)
        elif "result" in event:
            member.result = event["result"]
            self._pulses.end(member.number)
        elif "port_taken" in event:
            raise PortTaken(f"{member.spec.name} found port {event['port_taken']} taken")
        elif "error" in event:
            raise from_dict(event)
        elif self.on_event:
            self.on_event(event)

    def _obituary(self, member: Member) -> str:
        words = f"{member.spec.name} {member.process.last_words()}"
        cause = self._pulses.silent(_SUSPECT_SECONDS)
        return f"{words}; {cause} had given no sign of life for some seconds" if cause else words

    def _check(self) -> None:
        for member in self._members:
            member.journal.forward()
        if time.monotonic() > self.give_up_at:
            raise TrainingError(
                "train.deadline_minutes",
                found="a training that had not ended by then",
                allowed="one that ends in time",
                action="Give it more time: started again, it goes on from its last checkpoint.",
            )
        stuck = self._pulses.stuck()
        if stuck:
            reason, numbers = stuck
            for number in numbers:
                self._lost(self._members[number], reason)

    def _lost(self, member: Member, reason: str) -> None:
        """Start it again by itself if the others can do without it so long, else give the attempt up."""
        if not member.spec.is_replaceable or not self.restarts_left:
            raise TeamFailed(reason)
        log.warning("%s; it is started again", reason)
        self.restarts, self.restarts_left = self.restarts + 1, self.restarts_left - 1
        member.process.kill()
        member.process.close()
        self._members[member.number] = self._start(member.number, member.spec, member.seat)
        self._pulses.renew(member.number)
