"""Searches as real processes, killed at any moment: no trial is lost and none is done twice."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import psutil
import pytest

from infra.settings.home import checkout
from tasks.tune.trials import ATTEMPT, ATTEMPTS, RETRY_OF, Trials, has_ended
from tests.tune.conftest import open_trials, tune_options
from tests.tune.toy_search import search


def start(folder: Path, *words: object) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "PYTHONPATH": str(checkout())}
    command = [sys.executable, "-m", "tests.tune.toy_search", str(folder), *map(str, words)]
    return subprocess.Popen(command, env=environment, start_new_session=True)


def toys() -> list[psutil.Process]:
    """Toy trials that live."""
    return [
        one
        for one in psutil.process_iter(["cmdline", "status"])
        if "tests.tune.toy_trial" in (one.info["cmdline"] or []) and one.info["status"] != psutil.STATUS_ZOMBIE
    ]


def wait_for(condition: object, seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < deadline
        time.sleep(0.02)


def check_whole(book: Trials, trials: int) -> None:
    """So many trials ended, whatever was killed has one that takes its place, and no point was finished twice."""
    assert book.counts() == (trials, 0)
    ended = [trial for trial in book.all() if has_ended(trial)]
    assert {trial.state.name for trial in ended} == {"COMPLETE"}
    points = Counter(tuple(sorted(trial.params.items())) for trial in ended)
    assert set(points.values()) == {1}
    killed = [trial for trial in book.all() if trial.state.name == "FAIL"]
    followed = Counter(trial.user_attrs[RETRY_OF] for trial in book.all() if RETRY_OF in trial.user_attrs)
    begun = {trial.number for trial in killed if len(trial.params) == 3}
    assert begun <= set(followed) and set(followed.values()) <= {1}
    assert {tuple(sorted(trial.params.items())) for trial in killed if trial.params} <= set(points)


def test_a_search_that_is_killed_goes_on_and_leaves_no_process(folder: Path) -> None:
    killed = start(folder, 3, 2, 60.0)
    wait_for(lambda: len(list(folder.glob("*.ran"))) == 2)
    running = toys()
    os.kill(killed.pid, signal.SIGKILL)
    killed.wait()
    _, alive = psutil.wait_procs(running, timeout=10)
    assert not alive
    book = search(folder, 3, 2, 0.01)
    check_whole(book, 3)
    assert [trial.state.name for trial in book.all()][:2] == ["FAIL", "FAIL"]
    assert sorted(len(file.read_text().splitlines()) for file in folder.glob("*.ran")) == [1, 2, 2]
    shares = {line.split()[1] for file in folder.glob("*.ran") for line in file.read_text().splitlines()}
    assert shares == {"0/2", "1/2"}


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_search_that_is_killed_twenty_times_at_random_moments(folder: Path) -> None:
    chance = random.Random(7)
    for _ in range(20):
        killed = start(folder, 12, 3, 0.3)
        time.sleep(chance.uniform(0.5, 6.0))
        os.kill(killed.pid, signal.SIGKILL)
        killed.wait()
    book = search(folder, 12, 3, 0.01)
    ended = [trial for trial in book.all() if has_ended(trial)]
    complete = Counter(tuple(sorted(trial.params.items())) for trial in ended if trial.state.name == "COMPLETE")
    assert len(ended) == 12 and set(complete.values()) == {1}
    followed = Counter(trial.user_attrs[RETRY_OF] for trial in book.all() if RETRY_OF in trial.user_attrs)
    assert set(followed.values()) <= {1}
    dead = [trial for trial in book.all() if trial.state.name == "FAIL" and len(trial.params) == 3]
    assert dead and {one.number for one in dead if one.user_attrs.get(ATTEMPT, 1) < ATTEMPTS} <= set(followed)
    wait_for(lambda: not toys(), 10)


@pytest.mark.slow
def test_two_homes_search_one_study_in_postgresql_and_one_takes_over_from_the_other(
    postgres: str, folder: Path
) -> None:
    one, two = folder / "one", folder / "two"
    one.mkdir()
    two.mkdir()
    killed = start(one, 6, 1, 60.0, postgres)  # it will not end a trial
    wait_for(lambda: list(one.glob("*.ran")))
    beside = start(two, 6, 1, 0.2, postgres)
    wait_for(lambda: list(two.glob("*.ran")))
    os.kill(killed.pid, signal.SIGKILL)
    killed.wait()
    assert beside.wait(100) == 0  # it waits until the dead one's trial has given no sign of life for long enough
    book = open_trials(two, tune_options(pruner="none"), url=postgres, owner="me")
    check_whole(book, 6)
    assert "FAIL" in [trial.state.name for trial in book.all()]


@pytest.mark.cluster
def test_on_a_dask_cluster_trials_run_on_its_workers_and_end_with_the_search(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from distributed import LocalCluster

    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=":0") as cluster:  # type: ignore[no-untyped-call]
        monkeypatch.setenv("LEPTON_DASK_SCHEDULER", cluster.scheduler_address)
        workers = {worker.pid for worker in cluster.workers.values()}
        killed = start(folder, 4, 2, 60.0)
        wait_for(lambda: len(list(folder.glob("*.ran"))) == 2)
        running = toys()
        assert {one.ppid() for one in running} <= {
            child.pid for pid in workers for child in psutil.Process(pid).children()
        } | workers
        assert len({one.ppid() for one in running}) == 2
        os.kill(killed.pid, signal.SIGKILL)
        killed.wait()
        _, alive = psutil.wait_procs(running, timeout=10)
        assert not alive
        check_whole(search(folder, 4, 2, 0.05), 4)
    shares = {line.split()[1] for file in folder.glob("*.ran") for line in file.read_text().splitlines()}
    assert shares == {"0/2", "1/2"}
