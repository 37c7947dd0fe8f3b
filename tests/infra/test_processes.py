from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from infra.errors import DataError, MachineError
from infra.processes import last_lines, run_child

CHILD = """
import os, sys, time
from infra.errors import DataError
from infra.processes import child_main, emit

def work(argument):
    print("said on stdout")
    if argument == "error":
        raise DataError("rows", found="none", allowed="some", action="Add some.")
    if argument == "die":
        os._exit(9)
    if argument == "wait":
        emit({"pid": os.getpid()})
        time.sleep(60)
    emit({"progress": argument})
    return {"given": argument}

if __name__ == "__main__":
    child_main(work)
"""


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "a_child.py").write_text(CHILD)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return tmp_path / "logs" / "child.log"


def test_a_child_sends_events_and_a_result_and_its_output_is_kept(log: Path) -> None:
    events: list[object] = []
    assert run_child("a_child", "x", log, events.append) == {"given": "x"}
    assert events == [{"progress": "x"}]
    assert "said on stdout" in log.read_text()


def test_its_error_is_raised_here(log: Path) -> None:
    with pytest.raises(DataError, match=r"rows: found none; allowed: some\. Add some\."):
        run_child("a_child", "error", log)


def test_a_child_that_just_ends_is_reported_with_its_last_words(log: Path) -> None:
    with pytest.raises(MachineError, match="ended with code 9: said on stdout"):
        run_child("a_child", "die", log)


def test_a_child_dies_with_its_parent_even_by_kill(log: Path) -> None:
    parent_code = (
        "import pathlib, sys; from infra.processes import last_lines, run_child; "
        "run_child('a_child', 'wait', pathlib.Path(sys.argv[1]), lambda event: print(event['pid'], flush=True))"
    )
    parent = subprocess.Popen([sys.executable, "-c", parent_code, str(log)], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    deadline = time.monotonic() + 10
    while psutil.pid_exists(child) and psutil.Process(child).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline, "the child outlived its parent"
        time.sleep(0.05)


def test_the_end_of_a_log_is_one_short_line(tmp_path: Path) -> None:
    log = tmp_path / "server.log"
    assert last_lines(log) == "nothing"
    log.write_text("one\ntwo\n" + "word " * 100 + "\nfour\n")
    first, second, third = last_lines(log).split(" | ")
    assert (first, third) == ("two", "four")
    assert len(second) <= 160
