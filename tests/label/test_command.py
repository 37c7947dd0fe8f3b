"""The command's words, without a flow."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from flows.cli import app
from infra.settings.home import HomeSettings
from tasks.label.store import Answer, Question, open_store


def test_help_names_every_command() -> None:
    told = CliRunner().invoke(app, ["label", "--help"]).stdout
    assert all(name in told for name in ("next", "merge", "suspects", "status"))


@pytest.mark.parametrize("words", [["--by", "fear"], ["--count", "0"], ["--annotators", "0"], ["--side", "left"]])
def test_a_strange_option_is_refused(words: list[str]) -> None:
    ended = CliRunner().invoke(app, ["label", "next", "support", *words])
    assert ended.exit_code == 2


def test_the_status_of_nothing_and_of_something(home: Path) -> None:
    def status(*words: str) -> str:
        ended = CliRunner().invoke(app, ["label", "status", "support", *words], catch_exceptions=False)
        assert ended.exit_code == 0
        return ended.stdout

    assert status().startswith("0 rows asked about")
    assert list(home.rglob("*.sqlite")) == []  # looking makes nothing
    with open_store(HomeSettings().labels / "support.sqlite") as store:
        store.ask("run", "margin", 2, [Question("r1", "i1", ""), Question("r2", "i2", "")])
        store.merge([Answer("i1", "r1", "ann", "fare"), Answer("i1", "r1", "bob", "fare")], "file")
    assert json.loads(status("--json")) == {
        "asked": 2,
        "open": 1,
        "agreed": 1,
        "labels": {"fare": 1},
        "annotators": [
            {"name": "ann", "answers": 1, "quality": 1.0},
            {"name": "bob", "answers": 1, "quality": 1.0},
        ],
    }
    assert "ann: 1 answers, expected to be right 100.0%" in status()
