"""When a training counts as stuck, on a clock that the test turns."""

from __future__ import annotations

import pytest

from tasks.train.team.pulse import IDLE_SECONDS, SILENCE_SECONDS, START_SECONDS, Pulses


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Team:
    """Two workers, of which the test says what they do each second."""

    def __init__(self, started: bool = True) -> None:
        self.clock = Clock()
        self.pulses = Pulses({0: "worker 0", 1: "worker 1"}, self.clock)
        self.used = {0: 0.0, 1: 0.0}
        self.step, self.longest_step, self.phase = 1, 0.5, "step"
        if started:
            self.pulses.start(0)
            self.pulses.start(1)

    def second(self, beating: tuple[int, ...] = (0, 1), work: float = 0.0, steps: int = 0) -> str | None:
        self.clock.now += 1
        self.step += steps
        for number in beating:
            self.used[number] += work
            self.pulses.hear(
                number,
                {
                    "phase": self.phase,
                    "step": self.step,
                    "longest_step": self.longest_step,
                    "busy_seconds": self.used[number],
                },
            )
        stuck = self.pulses.stuck()
        return stuck[0] if stuck else None

    def until_stuck(self, seconds: int, **doing: object) -> tuple[int, str] | None:
        for second in range(1, seconds + 1):
            reason = self.second(**doing)  # type: ignore[arg-type]
            if reason:
                return second, reason
        return None


def test_workers_that_take_steps_are_well() -> None:
    assert Team().until_stuck(1000, steps=1) is None


def test_a_silent_worker_is_noticed_within_15_seconds() -> None:
    team = Team()
    team.second(steps=1)

    found = team.until_stuck(15, beating=(0,), work=0.01)

    assert found == (SILENCE_SECONDS + 1, "worker 1 gave no sign of life for 9 seconds")


def test_waiting_for_each_other_is_noticed_within_15_seconds() -> None:
    team = Team()
    team.second(steps=1)

    found = team.until_stuck(15, work=0.01)

    assert found == (IDLE_SECONDS + 1, "worker 0, worker 1 did nothing for 11 seconds")


def test_a_long_step_that_computes_is_no_hang() -> None:
    assert Team().until_stuck(1000, work=0.9) is None


def test_steps_that_always_take_long_without_the_processor_are_no_hang() -> None:
    team = Team()
    team.longest_step = 30.0  # on a slow device
    team.second(steps=1)

    assert team.until_stuck(200, work=0.0) == (121, "worker 0, worker 1 did nothing for 121 seconds")


@pytest.mark.parametrize("phase", ["save", "pack"])
def test_a_slow_disk_is_no_hang(phase: str) -> None:
    team = Team()
    team.phase = phase

    assert team.until_stuck(250, work=0.0) is None


def test_before_the_first_step_silence_is_no_hang() -> None:
    team = Team(started=False)

    assert team.until_stuck(int(START_SECONDS), beating=()) is None
    assert team.until_stuck(2, beating=()) == (
        1,
        "worker 0, worker 1 took no step, and computed nothing, for 300 seconds",
    )


def test_who_hangs_before_the_first_step_is_told_from_one_that_waits() -> None:
    team = Team(started=False)

    found = team.until_stuck(400, beating=(0,), work=0.9)

    assert found == (START_SECONDS + 1, "worker 1 gave no sign of life for 301 seconds")


def test_work_of_those_that_have_started_excuses_none_that_has_not() -> None:
    team = Team()
    team.pulses.renew(1)
    seconds = (team.second(beating=(1,)) or team.second(beating=(0,), work=0.9) for _ in range(int(START_SECONDS)))

    assert next(filter(None, seconds)) == "worker 1 took no step, and computed nothing, for 300 seconds"
    assert team.clock.now == pytest.approx(100 + START_SECONDS, abs=3)


def test_beats_that_come_late_are_held_against_the_time_between() -> None:
    team = Team()
    team.second(steps=1)
    for _ in range(6):  # each time 0.08 s of processor in two seconds
        team.clock.now += 1
        stuck = team.second(work=0.08)

    assert stuck == "worker 0, worker 1 did nothing for 12 seconds"


def test_writing_the_model_may_be_silent_for_longer() -> None:
    team = Team()
    team.pulses.end(1)
    team.phase = "pack"
    team.second(beating=(0,))

    assert team.until_stuck(100, beating=()) == (61, "worker 0 gave no sign of life for 61 seconds")


def test_a_worker_that_never_comes_to_its_first_step() -> None:
    team = Team(started=False)
    team.pulses.start(0)
    team.phase = "start"

    assert team.until_stuck(1000, work=0.9) is None  # much to learn before the first step
    found = team.until_stuck(400, work=0.01)

    assert found == (START_SECONDS + 1, "worker 1 took no step, and computed nothing, for 300 seconds")


def test_one_that_has_ended_may_be_silent() -> None:
    team = Team()
    team.pulses.end(1)

    assert team.until_stuck(100, beating=(0,), work=0.9) is None


def test_a_launcher_that_was_itself_stopped_blames_nobody() -> None:
    team = Team()
    team.clock.now += 3600

    assert team.pulses.stuck() is None
    assert team.until_stuck(100, steps=1) is None


def test_one_that_was_started_again_has_time_to_start() -> None:
    team = Team()
    team.until_stuck(500, steps=1)
    team.pulses.renew(1)

    assert team.until_stuck(50, beating=(0,), work=0.9) is None
    team.pulses.start(1)
    assert team.until_stuck(15, beating=(0,), work=0.9) is not None
