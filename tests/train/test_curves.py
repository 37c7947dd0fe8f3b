"""Curves on disk: nothing twice, nothing lost, whatever ends the process that writes them."""

from __future__ import annotations

import csv
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.train.curves import CURVES_FILE, Curves, Point, write_csv


def test_a_point_for_each_metric_and_what_was_measured_before_stands(tmp_path: Path) -> None:
    with Curves(tmp_path) as curves:
        fresh = curves.add({"step": 5, "loss": 2.0, "val_loss": 3.0})
        assert [(point.curve, point.step, point.value) for point in fresh] == [("loss", 5, 2.0), ("val_loss", 5, 3.0)]
        assert curves.add({"step": 5, "loss": 9.0}) == []
        assert curves.add({"step": 4, "loss": 9.0}) == []
        (late,) = curves.add({"step": 6, "loss": 1.0})
        (first,) = curves.add({"step": 5, "val_accuracy": 0.5})  # a curve that begins late
        assert (late.value, first.value) == (1.0, 0.5)
        assert curves.curve("loss") == ([5, 6], [2.0, 1.0])
        assert curves.names == ["loss", "val_loss", "val_accuracy"]
        assert curves.last() == [("loss", 6, 1.0), ("val_loss", 5, 3.0), ("val_accuracy", 5, 0.5)]


def test_another_process_goes_on_where_the_first_was_killed(tmp_path: Path) -> None:
    first = Curves(tmp_path)
    for step in (1, 3, 5):
        first.add({"step": step, "loss": float(step)})
    # not closed: a kill closes nothing
    with Curves(tmp_path) as second:
        assert second.points == first.points
        assert second.add({"step": 4, "loss": 4.0}) == []  # taken again since the checkpoint at 3
        second.add({"step": 7, "loss": 7.0})
    with Curves(tmp_path) as third:
        assert third.curve("loss") == ([1, 3, 5, 7], [1.0, 3.0, 5.0, 7.0])


@pytest.mark.parametrize("lost", [1, 10, 40])
def test_a_line_that_was_cut_off_is_measured_again(tmp_path: Path, lost: int) -> None:
    with Curves(tmp_path) as curves:
        curves.add({"step": 1, "loss": 1.0})
        curves.add({"step": 2, "loss": 2.0})
    file = tmp_path / CURVES_FILE
    file.write_bytes(file.read_bytes()[:-lost])
    with Curves(tmp_path) as curves:
        assert curves.curve("loss") == ([1], [1.0])
        curves.add({"step": 2, "loss": 2.0})
    with Curves(tmp_path) as curves:
        assert curves.curve("loss") == ([1, 2], [1.0, 2.0])


@given(st.lists(st.lists(st.integers(1, 30), max_size=8), max_size=5))
def test_steps_only_rise_over_any_number_of_restarts(
    tmp_path_factory: pytest.TempPathFactory, restarts: list[list[int]]
) -> None:
    folder, told = tmp_path_factory.mktemp("curves"), list[Point]()
    for steps in restarts:
        with Curves(folder) as curves:
            for step in steps:
                told += curves.add({"step": step, "loss": float(step)})
    with Curves(folder) as curves:
        steps = curves.curve("loss")[0]
        assert curves.points == told
    assert all(one < other for one, other in pairwise(steps))
    assert max(steps, default=0) == max((step for some in restarts for step in some), default=0)


def test_the_table_has_a_line_for_each_step(tmp_path: Path) -> None:
    with Curves(tmp_path) as curves:
        curves.add({"step": 1, "loss": 2.0, "learning_rate": 0.1})
        curves.add({"step": 2, "loss": float("nan"), "learning_rate": 0.2})
        curves.add({"step": 1, "val_loss": 3.0})
        write_csv(curves, tmp_path / "curves.csv")
    with (tmp_path / "curves.csv").open(newline="") as lines:
        assert list(csv.reader(lines)) == [
            ["step", "loss", "learning_rate", "val_loss"],
            ["1", "2.0", "0.1", "3.0"],
            ["2", "nan", "0.2", ""],
        ]
