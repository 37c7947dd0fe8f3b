"""Teams of real processes that act what a test asks for: dying, stopping, waiting, serving."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import psutil
import pytest

from infra.errors import DataError, MachineError, TrainingError
from infra.processes import Event
from infra.settings.home import checkout
from tasks.train.launcher import run_to_the_end
from tasks.train.team.machine import ThisMachine
from tasks.train.team.team import PortTaken, Team
from tests.train.team.stage import play

Run = Callable[..., tuple[Event, int]]


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    """Play in the test's folder; nobody is left when it is over."""
    yield partial(play, tmp_path)
    assert not actors(psutil.Process())


def test_the_chiefs_result_comes_when_all_have_one(run: Run) -> None:
    assert run({"worker-1": "slow"}) == ({"role": "worker", "worker": 0, "act": "work"}, 0)


def test_a_death_starts_all_again(run: Run, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")

    result, restarts = run({"worker-0": "wait\nwork", "worker-1": "die\nwork"})

    assert (result["act"], restarts) == ("work", 1)
    assert "worker 1 ended with code -9: acts die | last line; restart 1 of 1" in caplog.text
    assert "worker 0: acts wait" in caplog.messages  # each log under its name
    assert (tmp_path / "logs" / "worker-0.log").read_text() == "acts wait\nacts work\n"


def test_more_deaths_than_restarts_end_the_training(run: Run) -> None:
    words = r"found 2 failed attempts.*worker 1 ended with code -9: .*last line; allowed: train.max_restarts=1"
    with pytest.raises(TrainingError, match=words):
        run({"worker-0": "wait", "worker-1": "die"})


def test_stopped_and_waiting_workers_are_noticed(run: Run, caplog: pytest.LogCaptureFixture) -> None:
    began = time.monotonic()
    with pytest.raises(TrainingError, match=r"worker 0, worker 1 did nothing for \d+ seconds"):
        run({"worker-0": "wait", "worker-1": "stop\nwait"})

    assert "worker 1 gave no sign of life for" in caplog.text
    assert time.monotonic() - began < 2 * 15 + 2


def test_a_taken_port_is_no_restart(run: Run) -> None:
    assert run({"worker-0": "wait\nwork", "worker-1": "port\nwork"}, max_restarts=0)[1] == 0


def test_ports_that_are_always_taken(run: Run) -> None:
    with pytest.raises(MachineError, match=r"ports for training: found 5 times one that was taken"):
        run({"worker-0": "port"})


def test_an_error_of_a_worker_arrives_as_it_is(run: Run) -> None:
    with pytest.raises(DataError, match="rows: found none; allowed: some"):
        run({"worker-0": "wait", "worker-1": "refuse"})


def test_the_deadline(run: Run) -> None:
    with pytest.raises(TrainingError, match=r"train.deadline_minutes: found a training that had not ended by then"):
        run({"worker-0": "wait", "worker-1": "wait"}, seconds=2)


def test_servers_end_with_the_chief(run: Run) -> None:
    served = {"worker-0": "serve", "worker-1": "serve", "ps-0": "serve"}

    assert run(served, strategy="parameter_server")[0]["role"] == "chief"


def test_a_lost_server_of_a_chief_is_started_again_alone(run: Run, tmp_path: Path) -> None:
    acts = {"chief": "held", "worker-0": "serve", "worker-1": "die\nrelease", "ps-0": "serve"}

    result, restarts = run(acts, strategy="parameter_server")

    assert (result["act"], restarts) == ("held", 1)
    assert (tmp_path / "logs" / "chief.log").read_text() == "acts held\n"  # once
    assert (tmp_path / "logs" / "worker-1.log").read_text() == "acts die\nlast line\nacts release\n"


def test_what_was_started_again_before_a_port_was_taken_counts(tmp_path: Path) -> None:
    class OneLost(Team):
        def run(self) -> Event:
            self.restarts += 1
            if self.restarts_left == 2:
                raise PortTaken("127.0.0.1:1")
            return {"left": self.restarts_left}

    def team(restarts_left: int) -> Team:
        return OneLost(ThisMachine(), (), (), tmp_path, restarts_left=restarts_left)

    assert run_to_the_end(team, 2, tmp_path) == ({"left": 1}, 2)


@pytest.mark.parametrize(("chief", "server"), [("held", "die\nrelease"), ("die\nheld", "release")])
def test_a_lost_parameter_server_or_chief_starts_all_again(
    run: Run, chief: str, server: str, caplog: pytest.LogCaptureFixture
) -> None:
    acts = {"chief": chief, "worker-0": "serve", "worker-1": "serve", "ps-0": server}

    result, restarts = run(acts, strategy="parameter_server")

    assert (result["act"], restarts) == ("held", 1)
    assert "acts die | last line; restart 1 of 1 from the last checkpoint" in caplog.text


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_launcher_that_is_ended_leaves_no_orphans(tmp_path: Path, how: signal.Signals) -> None:
    acts = {"chief": "wait", "worker-0": "serve", "worker-1": "stop", "ps-0": "serve"}
    script = (
        "from pathlib import Path; from tests.train.team.stage import play; "
        f"play(Path({str(tmp_path)!r}), {acts!r}, strategy='parameter_server')"
    )
    launcher = subprocess.Popen([sys.executable, "-c", script], cwd=checkout(), stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 60
        logs = [tmp_path / "logs" / f"{name}.log" for name in acts]
        while not all(log.exists() and log.read_text() for log in logs):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        processes = actors(psutil.Process(launcher.pid))
        assert len(processes) == 4

        launcher.send_signal(how)

        assert launcher.wait(timeout=20) != 0
        _, alive = psutil.wait_procs(processes, timeout=10)
        assert not alive
    finally:
        launcher.kill()


def actors(parent: psutil.Process) -> list[psutil.Process]:
    return [child for child in parent.children() if "tests.train.team.actor" in " ".join(child.cmdline())]
