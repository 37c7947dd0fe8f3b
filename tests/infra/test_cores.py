from __future__ import annotations

import os

import pytest

from infra.cores import share_variables, take_share


@pytest.mark.parametrize(
    ("place", "parts", "taken"),
    [(0, 1, {0, 2, 4, 5, 6}), (0, 2, {0, 4, 6}), (1, 2, {2, 5}), (4, 5, {6}), (6, 7, {2})],
)
def test_a_process_takes_its_part_of_the_cores_that_it_may_use(
    place: int, parts: int, taken: set[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    took: list[set[int]] = []
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 2, 4, 5, 6}, raising=False)
    monkeypatch.setattr(os, "sched_setaffinity", lambda _, cores: took.append(set(cores)), raising=False)
    take_share()
    for name, value in share_variables(place, parts).items():
        monkeypatch.setenv(name, value)
    take_share()
    assert took == [taken]
