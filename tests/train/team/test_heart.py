"""Signs of life that a worker sends."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tasks.train.team.heart import Heart


@pytest.fixture
def beats(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    sent: list[dict[str, Any]] = []
    monkeypatch.setattr("tasks.train.team.heart.SECONDS_BETWEEN_BEATS", 0.05)
    monkeypatch.setattr("tasks.train.team.heart.emit", lambda event: sent.append(event["beat"]))
    return sent


def test_it_beats_while_the_process_computes_and_not_after(beats: list[dict[str, Any]]) -> None:
    with Heart().beating():
        end = time.monotonic() + 0.5
        while time.monotonic() < end:
            sum(range(1000))

    assert len(beats) >= 3
    assert {beat["phase"] for beat in beats} == {"start"}
    assert beats[-1]["busy_seconds"] > beats[0]["busy_seconds"]
    count = len(beats)
    time.sleep(0.2)
    assert len(beats) == count


def test_it_tells_the_step_and_the_longest_one_but_not_the_first(beats: list[dict[str, Any]]) -> None:
    heart = Heart()
    time.sleep(0.3)  # compiling
    heart.stepped(1)
    time.sleep(0.1)
    heart.stepped(2)
    heart.stepped(3)

    with heart.at("save"):
        pass
    assert beats[0]["step"] == 3
    assert 0.1 <= beats[0]["longest_step"] < 0.3


def test_phases_may_lie_in_each_other(beats: list[dict[str, Any]]) -> None:
    heart = Heart()
    heart.stepped(1)
    with heart.at("save"):
        heart.stepped(2)  # a checkpoint is written beside the steps
        with heart.at("pack"):
            pass
        with heart.at("save"):
            pass
    heart.serve()
    with heart.at("pack"):
        pass

    assert [beat["phase"] for beat in beats] == ["save", "pack", "save", "pack"]
