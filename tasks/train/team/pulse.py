"""In the launcher: whether the processes of a training live and get on, told from their beats."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tasks.train.team.heart import SECONDS_BETWEEN_BEATS

START_SECONDS = 300.0
"""Loading libraries and weights from a slow disk, and meeting each other, may use no processor so long, and may hold
up all threads."""
SILENCE_SECONDS = 8.0
PACKING_SILENCE_SECONDS = 60.0
IDLE_SECONDS = 10.0
IDLE_STEPS = 4.0
SLOW_PHASE_SECONDS = 300.0
WORKING_SHARE = 0.05
"""Processor time in a second, had or waited for, from which a process counts as working; one that waits for others
uses a fiftieth."""
_TICK_SECONDS = 3.0
_WAITING_PHASES = ("step", "serve")


@dataclass
class Pulse:
    """What was last heard of one process, and when."""

    name: str
    heard_at: float
    moved_at: float
    phase: str = "start"
    step: int = 0
    longest_step: float = 0.0
    busy_seconds: float = 0.0
    has_started: bool = False
    has_ended: bool = False

    def is_silent(self, now: float) -> bool:
        """Whether nothing was heard of it for too long."""
        limit = PACKING_SILENCE_SECONDS if self.phase == "pack" else SILENCE_SECONDS
        return now - self.heard_at > (limit if self.has_started else START_SECONDS)


class Pulses:
    """The pulses of all processes of one training, and the rules by which it is given up as stuck.

    1. Started: all come to their first step, and until then one of those that have not uses the processor at least
       once in `START_SECONDS`. What comes before may take long, such as learning from few rows; waiting for each other
       may not.
    2. Alive: from its first step on none is silent for longer than `SILENCE_SECONDS`. Beats come from a thread, so a
       long step, a compilation or a checkpoint does not silence them; a stopped process, or one on a machine that is
       gone, does. Before the first step, and while the model is written, libraries may hold up all of a process's
       threads: the limit is `START_SECONDS` before, and `PACKING_SILENCE_SECONDS` while.
    3. Getting on: somebody took a step, used the processor or waited for a turn on it within `IDLE_SECONDS`, or
       `IDLE_STEPS` of their own longest steps if that is longer. It is asked of all together: in synchronous training
       all but the slowest wait, and compiling, measuring and long steps use the processor. Only where all wait for each
       other, because the network between them is lost, does nobody. Writing a checkpoint or the model may wait for a
       disk; whoever is at that has `SLOW_PHASE_SECONDS`.

    With a beat a second, a process that is stopped or cut off is noticed within 15 seconds of that, from its first step
    on. A launcher that was itself stopped or starved for a few seconds blames nobody: all clocks begin anew.
    """

    def __init__(self, names: Mapping[int, str], clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        now = clock()
        self._pulses = {number: Pulse(name, now, now) for number, name in names.items()}
        self._looked_at = now

    def hear(self, number: int, beat: Mapping[str, Any]) -> None:
        """Take a beat in."""
        pulse, now = self._pulses[number], self._clock()
        worked, seconds = beat["busy_seconds"] - pulse.busy_seconds, max(SECONDS_BETWEEN_BEATS, now - pulse.heard_at)
        if beat["step"] != pulse.step or worked > WORKING_SHARE * seconds:
            pulse.moved_at = now
        pulse.heard_at, pulse.phase, pulse.step = now, beat["phase"], beat["step"]
        pulse.longest_step, pulse.busy_seconds = beat["longest_step"], beat["busy_seconds"]

    def start(self, number: int) -> None:
        """It took its first step."""
        pulse = self._pulses[number]
        pulse.has_started = True
        pulse.heard_at = pulse.moved_at = self._clock()

    def end(self, number: int) -> None:
        """It has done its part: silence is right."""
        self._pulses[number].has_ended = True

    def renew(self, number: int) -> None:
        """It was started again, by itself."""
        now = self._clock()
        self._pulses[number] = Pulse(self._pulses[number].name, now, now)

    def stuck(self) -> tuple[str, tuple[int, ...]] | None:
        """Why the training does not get on, and the processes to blame: all, where nobody is more than another."""
        now = self._clock()
        if now - self._looked_at > _TICK_SECONDS:
            for pulse in self._pulses.values():
                pulse.heard_at = pulse.moved_at = now
        self._looked_at = now
        here = {number: pulse for number, pulse in self._pulses.items() if not pulse.has_ended}
        return self._late(here, now) or self._silent(here, now) or self._idle(here, now)

    def silent(self, seconds: float) -> str:
        """Who gave no sign for so long, to say more of a death than the one who died of it can."""
        now = self._clock()
        return self._names(
            tuple(
                number
                for number, pulse in self._pulses.items()
                if pulse.has_started and not pulse.has_ended and now - pulse.heard_at > seconds
            )
        )

    def _late(self, here: dict[int, Pulse], now: float) -> tuple[str, tuple[int, ...]] | None:
        late = tuple(number for number, pulse in here.items() if not pulse.has_started)
        if not late or now - max(here[number].moved_at for number in late) <= START_SECONDS:
            return None
        return f"{self._names(late)} took no step, and computed nothing, for {START_SECONDS:.0f} seconds", late

    def _silent(self, here: dict[int, Pulse], now: float) -> tuple[str, tuple[int, ...]] | None:
        silent = tuple(number for number, pulse in here.items() if pulse.is_silent(now))
        if not silent:
            return None
        seconds = max(now - here[number].heard_at for number in silent)
        return f"{self._names(silent)} gave no sign of life for {seconds:.0f} seconds", silent

    def _idle(self, here: dict[int, Pulse], now: float) -> tuple[str, tuple[int, ...]] | None:
        if not here or not all(pulse.has_started for pulse in here.values()):
            return None
        waiting = all(pulse.phase in _WAITING_PHASES for pulse in here.values())
        limit = max(IDLE_SECONDS, IDLE_STEPS * max(pulse.longest_step for pulse in here.values()))
        still = now - max(pulse.moved_at for pulse in self._pulses.values())
        if still <= (limit if waiting else SLOW_PHASE_SECONDS):
            return None
        everybody = tuple(here)
        return f"{self._names(everybody)} did nothing for {still:.0f} seconds", everybody

    def _names(self, numbers: tuple[int, ...]) -> str:
        return ", ".join(self._pulses[number].name for number in numbers)
