"""Logs of workers, line by line under their names."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.train.team.journal import Journal, without_secrets


def test_new_whole_lines_come_once_and_the_rest_at_the_end(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    file = tmp_path / "worker-1.log"
    file.write_text("of an earlier attempt\n")
    journal = Journal("worker 1", file)

    with file.open("a") as log:
        for text in ("one\ntw", "o\n\nthree"):
            log.write(text)
            log.flush()
            journal.forward()
    assert caplog.messages == ["worker 1: one", "worker 1: two"]
    journal.forward(to_end=True)
    assert caplog.messages[2:] == ["worker 1: three"]


def test_a_log_that_is_not_there_yet(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    journal = Journal("chief", tmp_path / "chief.log")
    journal.forward()

    (tmp_path / "chief.log").write_text("here\n")
    journal.forward()

    assert caplog.messages == ["chief: here"]


def test_secrets_are_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAREHOUSE_PASSWORD", "correct horse")
    monkeypatch.setenv("USE_TOKEN", "1")

    assert without_secrets("with correct horse at 1") == "with *** at 1"
    assert without_secrets("s3://me:mine@host/path and http://host/") == "s3://***@host/path and http://host/"
